import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../cli/base-command.js'
import { realGatewayChoice, withEnvoy, withPrograms } from '../../cli/sandbox/real-gateway.js'
import { describeSandbox, viewSandbox } from '../../cli/sandbox/sandbox-texts.js'
import { UsageError } from '../../model/errors.js'
import type { SandboxState } from '../../sandbox/daemon.js'
import { LIKES } from '../../sandbox/gateway/gateway-api/like.js'
import type { Provider } from '../../sandbox/sandbox.js'
import type { StartOptions } from '../../cli/sandbox/serve.js'

export default class SandboxStart extends BaseCommand {
  static override summary = 'Start an embedded cluster with gateways, in the background'
  static override description =
    'An API server that the real helm and kubectl work against, with Gloo, a Gateway API implementation and their proxies ' +
    'simulated: to try canary out and to rehearse failures, without Docker. Each user has one; starting it again shows ' +
    'it.'
  static override examples = [
    '<%= config.bin %> sandbox start && eval "$(<%= config.bin %> sandbox env)"',
    '<%= config.bin %> sandbox start --proxies 3',
    '<%= config.bin %> sandbox start --gateway-api --like traefik',
    '<%= config.bin %> sandbox start --gateway contour --gateway-bin ~/gateways',
    '<%= config.bin %> sandbox start --foreground',
  ]
  static override flags = {
    'gateway-api': Flags.boolean({
      allowNo: true,
      env: 'CANARY_SANDBOX_GATEWAY_API',
      description: 'Only the Gateway API, without Gloo; with --no-gateway-api only Gloo (default: both)',
    }),
    like: Flags.string({
      helpValue: LIKES.join('|'),
      env: 'CANARY_SANDBOX_LIKE',
      description: 'Implementation of the Gateway API to imitate (default envoy-gateway)',
    }),
    gateway: Flags.string({
      helpValue: 'contour|traefik',
      env: 'CANARY_SANDBOX_REAL_GATEWAY',
      description: 'Run the real implementation of the Gateway API, with its real proxy; without Gloo',
      exclusive: ['like'],
    }),
    proxy: Flags.string({
      options: ['envoy'],
      env: 'CANARY_SANDBOX_PROXY',
      description: "Run the real Envoy as Gloo's proxies, in place of the simulated ones",
    }),
    'gateway-bin': Flags.string({
      helpValue: '<folder>',
      env: 'CANARY_SANDBOX_GATEWAY_BIN',
      description: 'Folder of the programs for --gateway and --proxy (default: those on PATH)',
    }),
    proxies: Flags.integer({
      env: 'CANARY_SANDBOX_PROXIES',
      description: 'Proxies of each gateway; change it later by kubectl scale',
      default: 1,
      min: 1,
      max: 10,
    }),
    'while-pid': Flags.integer({
      helpValue: '<pid>',
      env: 'CANARY_SANDBOX_WHILE_PID',
      description: 'Stop when this process ends; in a script: --while-pid $$',
      min: 1,
    }),
    foreground: Flags.boolean({ description: 'Stay in the foreground and log every change until Ctrl-C' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(SandboxStart)
    const options = optionsOf(flags)
    const { runningSandbox, stateFolder } = await import('../../sandbox/daemon.js')
    const folder = stateFolder()
    const found = await runningSandbox(folder)
    if (found) return this.show(found, 'the sandbox is already running')
    if (options.real) await withPrograms(options.real, folder)
    if (options.envoy) await withEnvoy(options.envoy, folder)
    const { 'while-pid': owner } = flags
    const ownerEnded =
      owner === undefined ? undefined : (await import('../../cli/sandbox/owner.js')).endOf(owner)
    if (flags.foreground) {
      const { serveSandbox } = await import('../../cli/sandbox/serve.js')
      return serveSandbox(folder, options, ownerEnded, (state, headline) => this.show(state, headline))
    }
    const { startInBackground } = await import('../../cli/sandbox/background.js')
    await this.show(
      await startInBackground(folder, options, owner, this.config.root),
      'the sandbox is running',
    )
  }

  private async show(state: SandboxState, headline: string): Promise<void> {
    const view = viewSandbox(state)
    await this.print(view, (palette) => describeSandbox(view, headline, palette))
  }
}

/** Throws UsageError for an unknown implementation, or one that cannot run beside the sandbox. */
function optionsOf({
  proxies,
  'gateway-api': only,
  gateway,
  'gateway-bin': bin,
  proxy,
  like = 'envoy-gateway',
}: {
  proxies: number
  'gateway-api'?: boolean
  gateway?: string
  'gateway-bin'?: string
  proxy?: string
  like?: string
}): StartOptions {
  const real = realGatewayChoice({ gateway, bin, proxies })
  if (real && only === false)
    throw new UsageError('--gateway runs the Gateway API: leave out --no-gateway-api')
  if (proxy !== undefined && (real || only))
    throw new UsageError(
      '--proxy envoy is for Gloo, which is left out here: leave out --gateway and --gateway-api',
    )
  if (real) return { proxies, providers: ['gateway-api'], like: real.gateway, real }
  const known = LIKES.find((one) => one === like)
  if (!known) throw new UsageError(`invalid value "${like}" for --like (expected ${LIKES.join(', ')})`)
  const providers: Provider[] =
    only === undefined ? ['gloo', 'gateway-api'] : only ? ['gateway-api'] : ['gloo']
  return { proxies, providers, like: known, ...(proxy === undefined ? {} : { envoy: { bin } }) }
}
