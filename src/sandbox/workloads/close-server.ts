import type { Server } from 'node:http'

const SWEEP_MS = 10

/**
 * Closes a server; requests under way are answered first, kept connections go as soon as they are idle.
 * @param graceMs how long requests may take until their connections are cut
 */
export function closeServer(server: Server, graceMs = 50): Promise<void> {
  return new Promise((closed) => {
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearInterval(sweep)
      clearTimeout(cut)
      closed()
    })
    server.closeIdleConnections()
  })
}
