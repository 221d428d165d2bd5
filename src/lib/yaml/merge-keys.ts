import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
  type YAMLMap,
} from 'yaml'

/**
 * Resolves merge keys (`<<`) as kubectl and Helm do: the keys of a map are taken in the order written, so a merge replaces
 * keys before it; in a list of merged maps the first one wins. Throws an Error if a merge key has anything but a map or a
 * list of maps.
 */
export function resolveMergeKeys(document: Document): void {
  if (!document.schema?.tags.some(({ tag }) => tag.endsWith(':merge'))) return
  visit(document, { Map: (_key, map) => flatten(map, document) })
}

function flatten(map: YAMLMap, document: Document): void {
  const pairs = map.items
  if (!pairs.some(isMerge)) return
  const resolved = new Map<string, Pair>()
  for (const pair of pairs) {
    if (!isMerge(pair)) resolved.set(keyOf(pair), pair)
    else
      for (const merged of mergedPairs(pair.value as Node | null, document))
        resolved.set(keyOf(merged), merged)
  }
  map.items = [...resolved.values()]
}

function mergedPairs(value: Node | null, document: Document): Pair[] {
  const source = isAlias(value) ? value.resolve(document) : value
  if (isSeq(source)) {
    return source.items.toReversed().flatMap((item) => mergedPairs(item as Node | null, document))
  }
  if (!isMap(source)) throw new Error('a merge key (<<) takes a map, or a list of maps')
  flatten(source, document)
  return source.items
}

/** The merge tag of the `yaml` package reads an unquoted `<<` as a symbol; as text if keys are text. */
function isMerge({ key }: Pair): boolean {
  if (!isScalar(key)) return false
  return typeof key.value === 'symbol' || (key.value === '<<' && key.type === 'PLAIN')
}

function keyOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key)
}
