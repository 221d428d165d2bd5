/** `0.4 ms`, `41.3 ms`, `1240 ms`. */
export function ms(value: number): string {
  return `${value < 100 ? Math.round(value * 10) / 10 : Math.round(value)} ms`
}

/** A share, 0..1, as `0.12 %`. */
export function percent(share: number): string {
  return `${points(share)} %`
}

/** A share, 0..1, in percentage points. */
export function points(share: number): number {
  return Math.round(share * 10_000) / 100
}

/** `3 of 500 (0.6 %)`. */
export function among(errors: number, answers: number): string {
  return `${errors} of ${answers}${answers === 0 ? '' : ` (${percent(errors / answers)})`}`
}
