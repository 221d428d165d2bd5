/** Keys of `routes` that name a version. */
const ROUTES = new Set(['primary', 'canary', 'shadow'])

/**
 * Whether a value is always text: a version or an image's tag. `keys` are its keys from the root of the values or of a
 * version's configuration. As numbers, 1.10 and 1.1 would be equal.
 */
export function isTextPlace(keys: readonly (string | number)[]): boolean {
  const [section, key] = keys.slice(-2)
  return key === 'tag' ? section === 'image' : key === 'version' && ROUTES.has(String(section))
}
