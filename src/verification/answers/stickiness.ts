/** With fewer answers of either kind the test is meaningless. */
const MIN_ANSWERS = 20

/**
 * The runs test (Wald and Wolfowitz) on the canary's and other answers in issue order: if each request is routed
 * independently, the number of runs is nearly normal around 2nm/(n+m) + 1. Far fewer indicate routing that is sticky
 * over time.
 */
export class Runs {
  private canary = 0
  private others = 0
  private runs = 0
  private last?: boolean

  add(isCanary: boolean): void {
    if (isCanary) this.canary += 1
    else this.others += 1
    if (isCanary !== this.last) this.runs += 1
    this.last = isCanary
  }

  /** Standard deviations from the expected number; negative: too few runs. Undefined with too few answers. */
  z(): number | undefined {
    const { canary: n, others: m, runs } = this
    if (n < MIN_ANSWERS || m < MIN_ANSWERS) return undefined
    const total = n + m
    const mean = (2 * n * m) / total + 1
    const variance = ((mean - 1) * (mean - 2)) / (total - 1)
    return (runs - mean) / Math.sqrt(variance)
  }
}

/** Number of connections compared; later ones are ignored. */
const MAX_CONNECTIONS = 1000

/**
 * Whether answers differ by connection more than chance explains: Pearson's homogeneity test over the connections, its
 * sum taken as nearly normal around the number of connections. Large values indicate routing that is sticky per
 * connection.
 */
export class Connections {
  private readonly counts = new Map<number, { answers: number; canary: number }>()

  add(connection: number, isCanary: boolean): void {
    const counts = this.counts.get(connection) ?? { answers: 0, canary: 0 }
    if (counts.answers === 0) {
      if (this.counts.size >= MAX_CONNECTIONS) return
      this.counts.set(connection, counts)
    }
    counts.answers += 1
    if (isCanary) counts.canary += 1
  }

  z(): number | undefined {
    const connections = [...this.counts.values()].filter(({ answers }) => answers >= 5)
    const answers = connections.reduce((sum, entry) => sum + entry.answers, 0)
    const canary = connections.reduce((sum, entry) => sum + entry.canary, 0)
    if (connections.length < 3 || canary < MIN_ANSWERS || answers - canary < MIN_ANSWERS) return undefined
    const share = canary / answers
    const sum = connections.reduce(
      (total, entry) =>
        total + (entry.canary - entry.answers * share) ** 2 / (entry.answers * share * (1 - share)),
      0,
    )
    const freedom = connections.length - 1
    return (sum - freedom) / Math.sqrt(2 * freedom)
  }
}
