/** How to reach the cluster, like helm's and kubectl's own flags; undefined leaves it to their defaults. */
export interface ClusterOptions {
  kubeconfig?: string
  kubeContext?: string
  /** Aborted by the first Ctrl-C: waits end, a running Helm is left to finish by itself. */
  signal?: AbortSignal
  /** Gets the values that are read and applied, so that their secrets are masked everywhere. */
  secrets?: { learn(values: unknown): void }
  /** Shows a line to the user at once: output of the kubeconfig's login command. */
  say?: (line: string) => void
  /** Gets a sentence about what an answer leaves out. */
  warn?: (message: string) => void
}

/** The cluster of one command, as in the kubeconfig when the command began. */
export interface PinnedCluster extends ClusterOptions {
  /** The path in the server's URL, `/k8s/clusters/c-1`; undefined without one. */
  serverPath?: string
  /** The program that the kubeconfig runs for credentials (`exec`), e.g. `aws`. */
  loginCommand?: string
}
