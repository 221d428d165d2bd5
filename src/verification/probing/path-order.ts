/**
 * The paths of probes, by their number: every proxy gets all paths once in each round, in an order by chance. Asked in turn, each path
 * would get the same version again and again from a proxy that takes versions in turn.
 */
export function pathOrder(
  paths: string[],
  proxies: number,
  random: () => number = Math.random,
): (index: number) => string {
  // The orders of the present round, one for each proxy: probes are numbered without gaps.
  const orders: string[][] = []
  return (index) => {
    const [proxy, turn] = [index % proxies, Math.floor(index / proxies) % paths.length]
    if (turn === 0) orders[proxy] = shuffled(paths, random)
    return orders[proxy]![turn]!
  }
}

function shuffled(paths: string[], random: () => number): string[] {
  const left = [...paths]
  return paths.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!)
}
