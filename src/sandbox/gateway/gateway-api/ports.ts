import type { Socket } from 'node:net'
import { RESOURCES } from '../../api-server/resources.js'
import type { ObjectStore } from '../../api-server/store.js'
import { type Balancer, startBalancer } from '../../proxy/balancer.js'

/** Opens the ports of Gateways' listeners on the loopback interface, and closes unused ones. */
export class GatewayPorts {
  /** Ports that cannot be opened: another program uses them, or they are privileged. */
  readonly unavailable = new Set<number>()
  private readonly open = new Map<number, Balancer | 'opening'>()
  private readonly unsubscribe: () => void

  /**
   * @param own ports that lead to the proxies already
   * @param take takes a connection over
   * @param changed called when another port cannot be opened
   */
  constructor(
    private readonly store: ObjectStore,
    private readonly own: number[],
    private readonly take: (socket: Socket) => void,
    private readonly changed: () => void,
  ) {
    this.unsubscribe = store.subscribe(({ resource }) => {
      if (resource.plural === RESOURCES.gateways.plural) this.look()
    })
    this.look()
  }

  async close(): Promise<void> {
    this.unsubscribe()
    const open = [...this.open.values()].filter((one) => one !== 'opening')
    await Promise.all(open.map((one) => one.close()))
  }

  private look(): void {
    const wanted = new Set(
      this.store
        .list(RESOURCES.gateways)
        .flatMap(({ spec }) => (spec.listeners as { port: number }[]).map(({ port }) => port)),
    )
    for (const port of wanted) if (!this.own.includes(port) && !this.open.has(port)) void this.listen(port)
    for (const port of this.unavailable) if (!wanted.has(port)) this.unavailable.delete(port)
    for (const [port, one] of this.open)
      if (!wanted.has(port) && one !== 'opening') {
        this.open.delete(port)
        void one.close()
      }
  }

  private async listen(port: number): Promise<void> {
    if (this.unavailable.has(port)) return
    this.open.set(port, 'opening')
    try {
      this.open.set(port, await startBalancer(this.take, port))
      this.look() // it may not be wanted any more
    } catch {
      this.open.delete(port)
      this.unavailable.add(port)
      this.changed()
    }
  }
}
