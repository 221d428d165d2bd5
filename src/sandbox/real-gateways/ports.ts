import { type AddressInfo, connect, createServer, type NetConnectOpts } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { contourContainerPort } from './commands.js'
import type { RealGateway } from './programs.js'

const RETRY_MS = 30

/** Ports of the loopback interface that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  // All are held until the last one is found: no port comes twice.
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((found, failed) => {
          server.once('error', failed)
          server.listen(0, '127.0.0.1', () => found((server.address() as AddressInfo).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

/** A free port for a Gateway's listener; with Contour, the one that Envoy opens for it is free, too. */
export async function listenerPort(gateway: RealGateway): Promise<number> {
  for (;;) {
    const [port] = (await freePorts(1)) as [number]
    if (gateway !== 'contour' || (await isFree(contourContainerPort(port)))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((answer) => {
    server.once('error', () => answer(false))
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)))
  })
}

/** Resolves with true once something accepts connections there; with false if `ended` comes first. */
export async function accepts(target: NetConnectOpts, ended: Promise<unknown>): Promise<boolean> {
  let isOver = false
  void ended.then(() => (isOver = true))
  while (!isOver) {
    if (await canConnect(target)) return true
    await sleep(RETRY_MS)
  }
  return false
}

function canConnect(target: NetConnectOpts): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(target, () => {
      socket.destroy()
      answer(true)
    })
    socket.once('error', () => answer(false))
  })
}
