import { commandText } from '../model/command-text.js'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { checkApp, checkVersion, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { renderChange } from '../cli/output/render-change.js'
import {
  changeFlags,
  clusterFlags,
  failureFlags,
  overlapFlag,
  probeFlags,
  scaleFlag,
} from '../cli/flags/flags.js'

export default class Undo extends OperationCommand {
  static override summary = 'Bring back the previous version after a finished rollout'
  static override description =
    'Deploys the old version again as a canary, with its configuration out of the release history, and gives ' +
    'it the requests by the same verified steps: canary requests, half of the regular ones, all; then removes ' +
    'the new version. Proposes the previous version on a terminal; elsewhere VERSION is required, so that a ' +
    'repeated command does not swing back.'
  static override examples = ['<%= config.bin %> undo echo v1', '<%= config.bin %> undo echo v1 --fast']
  static override args = {
    app: requiredApp,
    version: Args.string({ description: 'Version to bring back', ignoreStdin: true }),
  }
  static override flags = {
    fast: Flags.boolean({
      description: 'In three steps: deploy it, send it all requests, remove the current version',
    }),
    scale: scaleFlag,
    'allow-overlap': overlapFlag,
    ...changeFlags,
    ...failureFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Undo)
    const app = checkApp(parsed.args.app)
    const version = parsed.args.version === undefined ? undefined : checkVersion(parsed.args.version)
    const { fast } = parsed.flags
    const { context, namespace, yes } = await this.open({
      title: commandText.undo({ app, version, fast }),
      app,
      parsed,
    })
    const { undo } = await import('../operations/undo.js')
    await this.show(await undo(context, { app, namespace, version, fast, mayPropose: !yes }), renderChange)
  }
}
