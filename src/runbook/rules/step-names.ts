interface Unnamed {
  deed: { type: string; weight?: number }
  given?: string
}

/**
 * An id for each step: the given one, else its word (`shift-25`), with a number after it where that is taken. They stay the
 * same as long as the file does, since approvals are kept by them. Given ones that are not unique are told to `report`.
 */
export function nameSteps(steps: Unnamed[], report: (index: number, message: string) => void): string[] {
  const taken = new Map<string, number>()
  steps.forEach(({ given }, index) => {
    if (given === undefined) return
    const before = taken.get(given)
    if (before !== undefined) report(index, `has the id "${given}", as steps[${before}] has`)
    else taken.set(given, index)
  })
  const counts = new Map<string, number>()
  return steps.map(({ deed, given }, index) => {
    if (given !== undefined) return given
    const word = deed.weight === undefined ? deed.type : `${deed.type}-${deed.weight}`
    let count = (counts.get(word) ?? 0) + 1
    let id = count === 1 ? word : `${word}-${count}`
    while (taken.has(id)) id = `${word}-${(count += 1)}`
    counts.set(word, count)
    taken.set(id, index)
    return id
  })
}
