/** Milliseconds of each unit of Go's time.ParseDuration. */
const UNITS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const DURATION = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g

/**
 * Milliseconds of a duration as helm and kubectl take it: Go's time.ParseDuration (`90s`, `1m30s`, `1.5h`),
 * no sign. A bare `0` is allowed, as in Go. Undefined if the text is not a duration.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!DURATION.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(PART)) total += Number(amount) * (UNITS[unit!] ?? NaN)
  return total
}

/** A duration as files and flags have it: `1h30m`, `45s`, `0.5s`. */
export function durationText(milliseconds: number): string {
  const seconds = milliseconds / 1000
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [Number((seconds % 60).toFixed(3)), 's'],
  ]
  const shown = parts.filter(([amount]) => amount > 0)
  return shown.length === 0 ? '0s' : shown.map(([amount, unit]) => `${amount}${unit}`).join('')
}
