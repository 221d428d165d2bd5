/** Whether an answer's headers show that a cache served it. */
export function isCached(headers: Record<string, string>): boolean {
  const { age, 'x-cache': cache, 'cf-cache-status': cloudflare } = headers
  return Number(age ?? 0) > 0 || /\bhit\b/i.test(`${cache ?? ''} ${cloudflare ?? ''}`)
}
