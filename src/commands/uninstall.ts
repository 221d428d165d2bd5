import { commandText } from '../model/command-text.js'
import * as Flags from '@oclif/core/flags'
import { checkApp, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { changeFlags, clusterFlags, probeFlags } from '../cli/flags/flags.js'

const { 'take-over': _takeOver, ...uninstallFlags } = changeFlags

export default class Uninstall extends OperationCommand {
  static override summary = 'Remove an app once it gets no more requests'
  static override description =
    "Watches the proxies' counters: a request within --idle-for ends the command with exit 3, before any " +
    'change. Then removes the routes, verifies by probes that none reaches the app, and uninstalls the ' +
    'release with its pods and its Lease. The namespace stays. Asks first on a terminal. Exits 0 if the app ' +
    'is absent.'
  static override examples = [
    '<%= config.bin %> uninstall echo --dry-run',
    '<%= config.bin %> uninstall echo --idle-for 10m',
    '<%= config.bin %> uninstall echo --unverified "no gateway in this cluster any more"',
  ]
  static override args = { app: requiredApp }
  static override flags = {
    'idle-for': Flags.string({
      default: '30s',
      env: 'CANARY_IDLE_FOR',
      helpValue: '<duration>',
      description: 'How long the app must get no request before anything is removed, such as 30s or 10m',
      helpGroup: 'safety',
    }),
    unverified: Flags.string({
      helpValue: '<reason>',
      description: 'Remove the app unverified; the reason is kept in the result',
      helpGroup: 'safety',
    }),
    ...uninstallFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Uninstall)
    const app = checkApp(parsed.args.app)
    const { unverified, 'idle-for': idleFor } = parsed.flags
    const { durationOf } = await import('../cli/session/settings.js')
    const idleMs = durationOf({ value: idleFor, source: '--idle-for' }, 30_000, 1000)
    const { context, namespace } = await this.open({ title: commandText.uninstall({ app }), app, parsed })
    const { uninstall } = await import('../operations/uninstall/uninstall.js')
    const result = await uninstall(context, { app, namespace, idleMs, unverified })
    const { renderUninstall } = await import('../report/text/uninstall-text.js')
    await this.show(result, renderUninstall)
  }
}
