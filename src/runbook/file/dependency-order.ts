/** Something that waits for others of its kind. */
export interface Ordered {
  name?: string
  after: string[]
}

/** Each after everything it waits for, otherwise as given. Leaves out what is part of a circle or waits for one. */
export function inOrder<T extends Ordered>(items: T[]): T[] {
  const ordered: T[] = []
  const done = new Set<string | undefined>()
  for (;;) {
    const next = items.find(({ name, after }) => !done.has(name) && after.every((other) => done.has(other)))
    if (!next) return ordered
    done.add(next.name)
    ordered.push(next)
  }
}

/** The names of a circle of `after`, the first again at the end; undefined if there is none. */
export function circleOf(items: Ordered[]): string[] | undefined {
  const done = new Set(inOrder(items))
  const byName = new Map(items.filter((item) => !done.has(item)).map((item) => [item.name, item]))
  const way: string[] = []
  let next = [...byName.keys()][0]
  while (next !== undefined) {
    const before = way.indexOf(next)
    way.push(next)
    if (before >= 0) return way.slice(before)
    next = byName.get(next)?.after.find((name) => byName.has(name))
  }
  return undefined
}
