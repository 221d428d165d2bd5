import type { ObjectStore } from '../api-server/store.js'
import type { FaultRegistry, OrderedFault } from '../faults.js'
import { all, Edits, type Undo } from './edits.js'
import { editGatewayApi } from './gateway-api.js'
import { editGloo } from './gloo.js'

/** Another person with kubectl: applies the faults that change objects, and reverts them when the fault ends. */
export class OtherOperator {
  private readonly done = new Map<number, Undo>()
  private readonly edits: Edits
  private readonly unsubscribe: () => void

  constructor(
    store: ObjectStore,
    private readonly faults: FaultRegistry,
  ) {
    this.edits = new Edits(store)
    this.unsubscribe = faults.subscribe(() => this.look())
  }

  close(): void {
    this.unsubscribe()
  }

  private look(): void {
    const inForce = this.faults.list()
    for (const [id, undo] of this.done) {
      if (inForce.some((fault) => fault.id === id)) continue
      this.done.delete(id)
      undo()
    }
    for (const fault of inForce) {
      if (this.done.has(fault.id)) continue
      const undo = this.carryOut(fault)
      if (undo) this.done.set(fault.id, undo)
    }
  }

  /** Undefined for faults that change no object. */
  private carryOut(fault: OrderedFault): Undo | undefined {
    const undos = [editGloo, editGatewayApi].flatMap((edit) => edit(this.edits, fault) ?? [])
    return undos.length > 0 ? all(undos) : undefined
  }
}
