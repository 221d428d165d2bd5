/** The stage of a rollout. A pure function of the values of the last deployed revision (see rollout/stage). */
export type Stage =
  | { name: 'absent' }
  /** One version, no canary. */
  | { name: 'stable'; primary: string }
  /**
   * Two versions, no canary route: no request goes to `canary` yet. With `shadow` it gets copies of that many percent
   * of the requests, and its answers are thrown away.
   */
  | { name: 'deployed'; primary: string; canary: string; shadow?: number }
  /** A canary route with weight 0: only canary requests reach the canary. */
  | { name: 'header'; primary: string; canary: string; headers: Record<string, string> }
  /** Weight 1..99. */
  | { name: 'weighted'; primary: string; canary: string; headers: Record<string, string>; weight: number }
  /** Weight 100: the canary gets everything, the primary is still deployed. */
  | { name: 'shifted'; primary: string; canary: string; headers: Record<string, string> }
  /** Values that canary cannot explain; `problems` has a sentence for each contradiction. */
  | { name: 'unknown'; problems: string[] }

/** Stages with a canary route. */
export type CanaryStage = Extract<Stage, { canary: string; headers: object }>
