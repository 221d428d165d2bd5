/** The likeliest candidate for a mistyped word, if one is close enough. */
export function closest(word: string, others: string[]): string | undefined {
  return nearest(word, others)[0]
}

/** ` (did you mean …?)` for an unknown word; empty if no known word is close. */
export function didYouMean(word: string, known: string[]): string {
  const meant = closest(word, known)
  return meant === undefined ? '' : ` (did you mean ${meant}?)`
}

/** All candidates for a mistyped word, the likeliest first. */
export function nearest(word: string, others: string[]): string[] {
  return others
    .map((other) => ({ other, distance: editDistance(word, other) }))
    .filter(({ other, distance }) => distance <= Math.max(1, Math.floor(other.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .map(({ other }) => other)
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, each 1. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? rows[i - 2]![j - 2]! + 1 : Infinity
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, substitution, swap)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
