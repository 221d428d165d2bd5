/** Between two columns. */
const GAP = 2

/**
 * Indexes of the columns that fit: those named in `dropFirst` are dropped, one after the other, until the rest does.
 * `columns` undefined: all of them.
 */
export function fittingColumns(
  heads: string[],
  widths: number[],
  columns: number | undefined,
  dropFirst: string[],
): number[] {
  let kept = heads.map((_, index) => index)
  const used = () => kept.reduce((sum, index) => sum + widths[index]! + GAP, -GAP)
  for (const head of dropFirst) {
    if (columns === undefined || used() <= columns) break
    kept = kept.filter((index) => heads[index] !== head)
  }
  return kept
}
