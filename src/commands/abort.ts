import * as Flags from '@oclif/core/flags'
import { checkApp, requiredApp } from '../cli/flags/args.js'
import { ChangeCommand } from '../cli/change-command.js'
import { changeFlags, clusterFlags, probeFlags } from '../cli/flags/flags.js'

export default class Abort extends ChangeCommand {
  static override summary = 'Send all requests back to the primary and remove the canary'
  static override description =
    "First the routes go back to the primary, even if the proxy can't be reached. Once it is proven " +
    'that no request reaches the canary any more, the canary is removed. What a failed or killed helm ' +
    'left behind is recovered on the way, and another operator is asked to stop.'
  static override examples = [
    '<%= config.bin %> abort echo',
    '<%= config.bin %> abort echo --unverified "proxy is down, traffic checked by hand"',
  ]
  static override args = { app: requiredApp }
  static override flags = {
    unverified: Flags.string({
      helpValue: '<reason>',
      description: 'Remove the canary without the proof; the reason is kept in the release history',
    }),
    force: Flags.boolean({
      description: "Also from values canary can't explain, which go: back to the newest revision it can",
    }),
    'break-lock': Flags.boolean({
      env: 'CANARY_BREAK_LOCK',
      description:
        'Take the app at once from an operator who holds it and does not stop; recorded in the history',
      helpGroup: 'safety',
    }),
    ...changeFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Abort)
    const app = checkApp(parsed.args.app)
    const { unverified, force, 'break-lock': breakLock } = parsed.flags
    await this.change(app, `abort ${app}`, parsed, async (context, { namespace }) => {
      const { abort } = await import('../operations/abort.js')
      return abort(context, { app, namespace, unverified, force, breakLock })
    })
  }
}
