import type { ClusterOptions } from '../../cluster/options.js'
import type { Cluster } from '../../cluster/port.js'
import type { Routing } from '../../routing/provider.js'
import type { Verifier } from '../../verification/probing/verifier.js'

/** What a session opens to reach the world; tests give their own. */
export interface Openers {
  /** A cluster, and the routing providers in it. */
  cluster: (options: ClusterOptions) => { cluster: Cluster; routing: Routing }
  verifier: () => Verifier
}

/** The real ones, loaded when a session opens: a command that needs no cluster starts without them. */
export async function loadOpeners(): Promise<Openers> {
  const [{ openCluster }, { openRouting, ROUTING_RESOURCES }, { createVerifier }] = await Promise.all([
    import('../../cluster/open.js'),
    import('../../routing/select.js'),
    import('../../verification/probing/create-verifier.js'),
  ])
  return {
    cluster: (options) => {
      const cluster = openCluster(options, ROUTING_RESOURCES)
      return { cluster, routing: openRouting(cluster.kube) }
    },
    verifier: createVerifier,
  }
}
