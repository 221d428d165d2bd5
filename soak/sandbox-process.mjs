/**
 * A sandbox in a process of its own, so that neither the traffic nor the harness shares its event loop. Argument: the
 * folder of the build to take it from, and its options as JSON. Tells its parent where it serves; ends with its parent.
 */
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [root, options] = process.argv.slice(2)
const { startSandbox } = await import(pathToFileURL(path.join(root, 'dist', 'sandbox', 'sandbox.js')).href)
const { apiUrl, proxyUrl, gatewayUrl, controlUrl, token, kubeconfig } = await startSandbox(
  JSON.parse(options),
)
process.send({ apiUrl, proxyUrl, gatewayUrl, controlUrl, token, kubeconfig })
process.on('disconnect', () => process.exit())
// A Ctrl-C typed at the harness is its own to handle: the cases that run still need their cluster.
process.on('SIGINT', () => undefined)
