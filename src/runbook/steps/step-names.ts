interface Unnamed {
  /** `shift-25`, `approve`. */
  word: string
  given?: string
}

/**
 * An id for each step: the given one, else its word, with a number after it if that is taken. They stay the same as long as
 * the file does: approvals are kept by them. Given ones that are not unique are reported.
 */
export function nameSteps(steps: Unnamed[], report: (index: number, message: string) => void): string[] {
  const taken = new Map<string, number>()
  steps.forEach(({ given }, index) => {
    if (given === undefined) return
    const before = taken.get(given)
    if (before !== undefined) report(index, `has the same id as steps[${before}]: "${given}"`)
    else taken.set(given, index)
  })
  const counts = new Map<string, number>()
  return steps.map(({ word, given }, index) => {
    if (given !== undefined) return given
    let count = (counts.get(word) ?? 0) + 1
    let id = count === 1 ? word : `${word}-${count}`
    while (taken.has(id)) id = `${word}-${(count += 1)}`
    counts.set(word, count)
    taken.set(id, index)
    return id
  })
}
