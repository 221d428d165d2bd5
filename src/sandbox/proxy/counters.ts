import type { Endpoint } from '../gateway/proxy-feed.js'

/** Counters of one cluster, by Envoy's names. */
export interface ClusterCounters {
  upstream_rq_total: number
  upstream_rq_retry: number
  lb_subsets_selected: number
  lb_subsets_fallback: number
}

/** Counters of one address of a cluster, by Envoy's names. */
export interface HostCounters {
  rq_total: number
  rq_success: number
  rq_error: number
}

/** The counters of one proxy since it started. */
export class ProxyCounters {
  private readonly clusters = new Map<string, ClusterCounters>()
  private readonly hosts = new Map<string, HostCounters>()

  cluster(name: string): ClusterCounters {
    let found = this.clusters.get(name)
    if (!found) {
      found = { upstream_rq_total: 0, upstream_rq_retry: 0, lb_subsets_selected: 0, lb_subsets_fallback: 0 }
      this.clusters.set(name, found)
    }
    return found
  }

  host(cluster: string, { ip, port }: Endpoint): HostCounters {
    const key = `${cluster} ${ip}:${port}`
    let found = this.hosts.get(key)
    if (!found) {
      found = { rq_total: 0, rq_success: 0, rq_error: 0 }
      this.hosts.set(key, found)
    }
    return found
  }

  /** The function that counts one request to this address, step by step. */
  of(cluster: string, endpoint: Endpoint): (what: keyof HostCounters) => void {
    const host = this.host(cluster, endpoint)
    return (what) => {
      host[what] += 1
      if (what === 'rq_total') this.cluster(cluster).upstream_rq_total += 1
    }
  }
}
