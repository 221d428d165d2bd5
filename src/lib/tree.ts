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
