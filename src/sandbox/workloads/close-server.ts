import type { Server } from 'node:http'
import type { Socket } from 'node:net'

const SWEEP_MS = 10

/**
 * Closes a server; requests in progress are answered first, kept-alive connections close as soon as they are idle.
 *
 * @param graceMs how long requests may take until their connections are cut
 * @param others open connections that the server serves without having accepted them
 */
export function closeServer(server: Server, graceMs = 50, others: () => Socket[] = () => []): Promise<void> {
  return new Promise((closed) => {
    let isClosed = false
    const sweep = setInterval(() => {
      server.closeIdleConnections()
      finish()
    }, SWEEP_MS)
    const cut = setTimeout(() => {
      server.closeAllConnections()
      for (const socket of others()) socket.destroy()
    }, graceMs)
    const finish = () => {
      if (!isClosed || others().length > 0) return
      clearInterval(sweep)
      clearTimeout(cut)
      closed()
    }
    server.close(() => {
      isClosed = true
      finish()
    })
    server.closeIdleConnections()
  })
}
