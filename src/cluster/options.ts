/** How to reach the cluster, as helm's and kubectl's own flags have it; undefined leaves it to their defaults. */
export interface ClusterOptions {
  kubeconfig?: string
  kubeContext?: string
  /** Aborted by the first Ctrl-C: waits end, a running Helm is left to finish by itself. */
  signal?: AbortSignal
  /** Told the values that are read and applied, so that their secrets are masked wherever they show up. */
  secrets?: { learn(values: unknown): void }
  /** Shows a line to the user at once: what the kubeconfig's login command says. */
  say?: (line: string) => void
  /** Told, in a sentence, what was left out of an answer. */
  warn?: (message: string) => void
}

/** The cluster of one command, as the kubeconfig had it when the command began. */
export interface PinnedCluster extends ClusterOptions {
  /** The path in the server's URL, `/k8s/clusters/c-1`; undefined where it has none. */
  serverPath?: string
  /** The program that the kubeconfig runs for credentials (`exec`), e.g. `aws`. */
  loginCommand?: string
}
