import { commandText } from '../model/command-text.js'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { checkApp, checkVersion, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { renderChange } from '../cli/output/render-change.js'
import { changeFlags, clusterFlags, failureFlags, probeFlags, scaleFlag } from '../cli/flags/flags.js'

export default class Finish extends OperationCommand {
  static override summary = 'Make the canary the primary and remove the old version'
  static override description =
    'Sends all requests to the canary if they are not there yet, verifies that, makes the canary the primary ' +
    "and removes the old version's pods. Asks first on a terminal. VERSION guards scripts: stable on VERSION " +
    'exits 0, stable on another version exits 6.'
  static override examples = ['<%= config.bin %> finish echo', '<%= config.bin %> finish echo v2 --yes']
  static override args = {
    app: requiredApp,
    version: Args.string({ description: 'Expected new version; guards scripts', ignoreStdin: true }),
  }
  static override flags = {
    jump: Flags.boolean({
      description: 'Finish from weight 0, before any regular request has reached the canary',
    }),
    scale: scaleFlag,
    ...changeFlags,
    ...failureFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Finish)
    const app = checkApp(parsed.args.app)
    const version = parsed.args.version === undefined ? undefined : checkVersion(parsed.args.version)
    const { context, namespace } = await this.open({
      title: commandText.finish({ app, version }),
      app,
      parsed,
    })
    const { finish } = await import('../operations/finish.js')
    await this.show(await finish(context, { app, namespace, version, jump: parsed.flags.jump }), renderChange)
  }
}
