import { canaryCommand, commented } from '../../model/command-line.js'
import type { ProxyAddress } from '../../cluster/kube/port-forward.js'
import { CanaryError, ExternalError } from '../../model/errors.js'
import type { RoutingProvider } from '../../routing/provider.js'
import type { ProxyTarget } from '../../verification/probing/verifier.js'
import type { OperationContext } from '../context.js'

/** Addresses of the gateway's proxies: the shared one and, with --each-proxy, one per pod. */
export class Proxies {
  private address?: Promise<ProxyAddress>
  private readonly byPod = new Map<string, ProxyAddress>()
  private reported = false

  constructor(
    private readonly context: OperationContext,
    private readonly provider: RoutingProvider,
  ) {}

  /** The shared address of all proxies, discovered on first use. */
  async shared(): Promise<string> {
    const { proxyUrl } = this.context.probes
    if (proxyUrl) return proxyUrl
    this.address ??= this.provider.proxyAddress()
    return (await this.address).origin
  }

  /**
   * What to probe: every ready proxy pod separately if there are several and they are reachable, else their shared
   * address. A given address (--proxy-url) is used unless --each-proxy is set.
   */
  async targets(): Promise<ProxyTarget[]> {
    const { probes } = this.context
    const shared = [{ name: '', origin: await this.shared() }]
    if (probes.eachProxy === false || (probes.proxyUrl !== undefined && probes.eachProxy !== true))
      return shared
    try {
      const targets = await this.each()
      if (targets.length > 1 || probes.eachProxy === true) return targets.length > 0 ? targets : shared
    } catch (error) {
      if (!(error instanceof CanaryError)) throw error
      if (probes.eachProxy === true)
        throw withoutEachProxy(error, this.provider.description.texts.proxyNamespace)
      this.report(`The proxies cannot be probed one by one, only at their shared address: ${error.message}`)
    }
    return shared
  }

  async close(): Promise<void> {
    const address = await this.address?.catch(() => undefined)
    await Promise.all([address?.close(), ...[...this.byPod.values()].map((single) => single.close())])
    this.byPod.clear()
  }

  /** An address per ready pod, none for a single pod. Closes those of pods that are gone. */
  private async each(): Promise<ProxyTarget[]> {
    const { provider } = this
    const { probes } = this.context
    const pods = await provider.proxyPods()
    for (const [pod, address] of this.byPod) {
      if (pods.includes(pod)) continue
      this.byPod.delete(pod)
      await address.close()
    }
    if (pods.length < 2 && probes.eachProxy !== true) return []
    const opened = await Promise.allSettled(
      pods.map(async (pod) => {
        const address = this.byPod.get(pod) ?? (await provider.proxyPodAddress(pod))
        this.byPod.set(pod, address) // kept even if another fails, for close()
        return { name: pod, origin: address.origin }
      }),
    )
    return opened.map((result) => {
      if (result.status === 'fulfilled') return result.value
      throw result.reason
    })
  }

  private report(message: string): void {
    if (!this.reported) this.context.emit({ type: 'note', message })
    this.reported = true
  }
}

function withoutEachProxy(error: CanaryError, namespace: string): CanaryError {
  return new ExternalError(`The proxies cannot be probed one by one: ${error.message}`, {
    nextSteps: [
      'omit --each-proxy to probe their shared address',
      commented(canaryCommand(['doctor']), `may you list pods and forward ports in ${namespace}?`),
    ],
    cause: error,
  })
}
