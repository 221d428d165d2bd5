import { fileURLToPath } from 'node:url'

/** Where `npm run gateways` keeps what it got. */
export const gatewayCache = fileURLToPath(new URL('../node_modules/.cache/canary-gateways', import.meta.url))

/** The folder for `--gateway-bin`. */
export const gatewayFolder = `${gatewayCache}/bin`
