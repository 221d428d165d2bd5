import { connect, type NetConnectOpts, type Socket } from 'node:net'

/** Connects an accepted connection with a real listener, until either side ends it. */
export function relay(socket: Socket, target: NetConnectOpts): void {
  const other = connect({ ...target, noDelay: true, allowHalfOpen: true })
  const couple = (from: Socket, to: Socket) => {
    from.pipe(to)
    from.once('error', () => to.resetAndDestroy())
    from.once('close', () => to.destroySoon())
  }
  couple(socket, other)
  couple(other, socket)
}
