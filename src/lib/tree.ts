/** Keys of maps and indices of lists, from the root of a tree to a place in it. */
export type TreePath = (string | number)[]

/** A copy of JSON-like data with every leaf changed: a text, number, boolean, null or undefined. */
export function mapLeaves(
  tree: unknown,
  change: (leaf: unknown, path: TreePath) => unknown,
  path: TreePath = [],
): unknown {
  if (Array.isArray(tree)) return tree.map((item, index) => mapLeaves(item, change, [...path, index]))
  if (typeof tree !== 'object' || tree === null) return change(tree, path)
  return Object.fromEntries(
    Object.entries(tree).map(([key, item]) => [key, mapLeaves(item, change, [...path, key])]),
  )
}

/** A step to a place in a tree: the key of a map, or an entry of a list by its index or its identifying field. */
export type PathStep = string | { entry: number | string }

/** `spec.template.spec.containers[echo-v1].image`; keys that have a dot themselves are quoted. */
export function pathText(path: readonly PathStep[]): string {
  return path
    .map((step, index) => {
      if (typeof step !== 'string') return `[${step.entry}]`
      return `${index === 0 ? '' : '.'}${step.includes('.') ? JSON.stringify(step) : step}`
    })
    .join('')
}

/** The first of these fields that identifies every entry of a list: a text or number in each, and none twice. */
export function identifyingField(entries: readonly unknown[], fields: readonly string[]): string | undefined {
  return fields.find((field) => {
    const values = entries.map((entry) => (isMap(entry) ? entry[field] : undefined))
    return (
      values.length > 0 &&
      values.every((value) => typeof value === 'string' || typeof value === 'number') &&
      new Set(values).size === values.length
    )
  })
}

/**
 * The leaves of JSON-like data by the text of their path; empty maps and lists count as leaves. A list is one leaf,
 * or with `listKeys` walked too: an entry goes by the first of these fields that identifies all, else by its index.
 */
export function leavesOf<T>(
  tree: T,
  listKeys?: readonly string[],
  path: readonly PathStep[] = [],
): Map<string, T> {
  const entries = stepsInto(tree, listKeys)
  if (entries.length === 0) return new Map([[pathText(path), tree]])
  return new Map(entries.flatMap(([step, child]) => [...leavesOf(child as T, listKeys, [...path, step])]))
}

function stepsInto(tree: unknown, listKeys: readonly string[] | undefined): [PathStep, unknown][] {
  if (isMap(tree)) return Object.entries(tree)
  if (!Array.isArray(tree) || listKeys === undefined) return []
  const key = identifyingField(tree, listKeys)
  return tree.map((entry: unknown, index) => {
    const name = key === undefined ? index : (entry as Record<string, string | number>)[key]!
    return [{ entry: name }, entry]
  })
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
