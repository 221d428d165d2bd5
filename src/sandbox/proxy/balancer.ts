import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface Balancer {
  port: number
  /** Accepts no more connections; those it handed over are no longer its own. */
  close(): Promise<void>
}

/**
 * The load balancer before the proxies: one port that stays the same whatever proxies come and go.
 * @param take takes an accepted connection over, as a whole: nothing is copied
 * @param port by default one that the system chooses
 */
export async function startBalancer(take: (socket: Socket) => void, port = 0): Promise<Balancer> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => undefined) // a client may break off before a proxy listens
    socket.once('close', () => open.delete(socket))
    take(socket)
  })
  await new Promise<void>((listening, failed) =>
    server.once('error', failed).listen(port, '127.0.0.1', listening),
  )
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        for (const socket of open) socket.destroy()
      }),
  }
}
