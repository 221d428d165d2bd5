import { existsSync } from 'node:fs'
import { gatewayFolder } from '../../scripts/gateway-programs.js'
import { findPrograms } from '../../src/sandbox/real-gateways/programs.js'

/** Programs of real gateways: from `npm run gateways`, else from PATH. */
export function gatewayPrograms(names: readonly string[]): ReturnType<typeof findPrograms> {
  const folder =
    process.env.CANARY_SANDBOX_GATEWAY_BIN ?? (existsSync(gatewayFolder) ? gatewayFolder : undefined)
  return findPrograms(names, { folder, searchPath: process.env.PATH })
}
