import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { REAL_GATEWAYS, type RealGateway } from '../../src/sandbox/real-gateways/programs.js'
import type { SandboxOptions } from '../../src/sandbox/sandbox.js'
import { gatewayPrograms } from '../support/gateway-programs.js'

/** A real implementation to test against; `missing` names programs without which its tests are skipped. */
export interface RealGatewayCase {
  gateway: RealGateway
  missing: string[]
  /** Options of a sandbox with it, with logs in a folder of its own. */
  options: () => Promise<SandboxOptions>
}

/** Every implementation, with its programs from `npm run gateways`, else from PATH. */
export async function realGateways(): Promise<RealGatewayCase[]> {
  const cases = (Object.keys(REAL_GATEWAYS) as RealGateway[]).map(async (gateway) => {
    const { found: programs, missing } = await gatewayPrograms(REAL_GATEWAYS[gateway])
    const options = async (): Promise<SandboxOptions> => ({
      providers: ['gateway-api'],
      like: gateway,
      real: {
        gateway,
        programs,
        folder: path.join(await mkdtemp(path.join(tmpdir(), 'canary-real-')), 'logs'),
      },
    })
    return { gateway, missing, options }
  })
  return Promise.all(cases)
}
