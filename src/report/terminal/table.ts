/** Between two columns. */
const GAP = 2

/**
 * Indexes of the columns that a table has room for: those named in `dropFirst` go, one after the other, until the rest fits.
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
