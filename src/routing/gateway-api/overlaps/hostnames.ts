/** The hosts that two hostnames of routes share, as a hostname; undefined if there are none. `*` stands for all. */
export function sharedHost(one: string, other: string): string | undefined {
  if (takes(one, other)) return other
  return takes(other, one) ? one : undefined
}

/** Whether a hostname takes all that another takes. `*.example.com` takes hosts of any depth below, not `example.com`. */
export function takes(wide: string, narrow: string): boolean {
  if (wide === '*' || wide === narrow) return true
  return wide.startsWith('*.') && narrow.endsWith(wide.slice(1))
}

/** Positive if the first is more specific: a host goes before a wildcard, a longer one before a shorter one. */
export function compareHosts(one: string, other: string): number {
  const isHost = (name: string) => Number(!name.startsWith('*'))
  return isHost(one) - isHost(other) || one.length - other.length
}
