import { commandText } from '../model/command-text.js'
import * as Flags from '@oclif/core/flags'
import { checkApp, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { renderChange } from '../cli/output/render-change.js'
import { changeFlags, clusterFlags, probeFlags } from '../cli/flags/flags.js'

export default class Abort extends OperationCommand {
  static override summary = 'Send all requests back to the primary and remove the canary'
  static override description =
    'Sends the routes back to the primary first, even if the proxy cannot be reached. Removes the canary once ' +
    'no request reaches it any more, which is verified. Recovers a failed or pending release on the way, and ' +
    'stops another operator.'
  static override examples = [
    '<%= config.bin %> abort echo',
    '<%= config.bin %> abort echo --unverified "proxy is down, traffic checked by hand"',
  ]
  static override args = { app: requiredApp }
  static override flags = {
    unverified: Flags.string({
      helpValue: '<reason>',
      description: 'Remove the canary unverified; the reason is kept in the release history',
    }),
    force: Flags.boolean({
      description: 'Discard values canary cannot explain; return to the newest revision it can',
    }),
    'break-lock': Flags.boolean({
      env: 'CANARY_BREAK_LOCK',
      description: 'Take the lock from an operator that does not stop; recorded in the history',
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
    const { context, namespace } = await this.open({
      title: commandText.abort({ app, breakLock }),
      app,
      parsed,
    })
    const { abort } = await import('../operations/abort.js')
    await this.show(await abort(context, { app, namespace, unverified, force, breakLock }), renderChange)
  }
}
