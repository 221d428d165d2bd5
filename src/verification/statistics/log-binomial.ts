/** ln C(n, k). */
export function logBinomial(n: number, k: number): number {
  if (k === 0 || k === n) return 0
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
}

/** ln Gamma(x) for x > 0: Stirling's series, after shifting small x up to where it converges. */
function logGamma(x: number): number {
  let shift = 0
  for (; x < 10; x += 1) shift -= Math.log(x)
  const square = x * x
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / x
  return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series
}
