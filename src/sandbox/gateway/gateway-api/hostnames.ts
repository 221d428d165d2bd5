/** The hostname that fits both, the narrower of the two; undefined if none does. */
function intersection(a: string, b: string): string | undefined {
  if (a === '*' || a === b) return b
  if (b === '*') return a
  if (isWithin(b, a)) return b
  return isWithin(a, b) ? a : undefined
}

/** Whether a hostname matches a wildcard: `*.example.com` covers `a.example.com` and `*.b.example.com`. */
function isWithin(name: string, wildcard: string): boolean {
  return wildcard.startsWith('*.') && name !== wildcard && name.endsWith(wildcard.slice(1))
}

/** The hostnames of a route at a listener; empty if they don't meet. */
export function hostnamesAt(listener: string | undefined, route: string[] | undefined): string[] {
  const own = (listener ?? '*').toLowerCase()
  const wanted = route && route.length > 0 ? route.map((name) => name.toLowerCase()) : ['*']
  return [...new Set(wanted.flatMap((name) => intersection(own, name) ?? []))]
}
