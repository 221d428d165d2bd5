import { commandText } from '../model/command-text.js'
import * as Flags from '@oclif/core/flags'
import { checkApp, parseRevision, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { renderChange } from '../cli/output/render-change.js'
import {
  changeFlags,
  chartFlags,
  chartRequest,
  clusterFlags,
  overlapFlag,
  probeFlags,
  scaleFlag,
} from '../cli/flags/flags.js'

export default class Upgrade extends OperationCommand {
  static override summary = 'Change chart or base values of a stable app'
  static override description =
    'Shows what changes in values and objects, and which pods restart; asks first on a terminal. Verifies the ' +
    'app, upgrades it, waits until new pods have replaced the old ones, and verifies it again. Versions and ' +
    'routes stay as they are: canary start brings in a version.'
  static override examples = [
    '<%= config.bin %> upgrade echo --chart bundled',
    '<%= config.bin %> upgrade echo -f base.yaml --dry-run',
    '<%= config.bin %> upgrade echo --set upstream.fallbackPolicy=NO_FALLBACK',
    '<%= config.bin %> upgrade echo --revision 3',
  ]
  static override args = { app: requiredApp }
  static override flags = {
    ...chartFlags({
      values: 'YAML file whose values replace all but versions and routes; repeatable, the last one wins',
      set: 'Value in the syntax of helm --set, over those deployed or those of -f; repeatable',
      chart: 'Folder, .tgz, oci://REGISTRY/CHART, REPO/CHART, or "bundled" (default: the deployed chart)',
    }),
    revision: Flags.string({
      helpValue: '<number>',
      description: 'Return to the chart and base values of this revision',
      exclusive: ['values', 'set', 'set-string', 'chart', 'chart-version'],
    }),
    scale: scaleFlag,
    'allow-overlap': overlapFlag,
    ...changeFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Upgrade)
    const { flags } = parsed
    const app = checkApp(parsed.args.app)
    const change = {
      app,
      ...chartRequest(flags),
      revision: flags.revision === undefined ? undefined : parseRevision(flags.revision),
    }
    const { context, namespace } = await this.open({ title: commandText.upgrade(change), app, parsed })
    const { upgrade } = await import('../operations/upgrade.js')
    await this.show(await upgrade(context, { ...change, namespace }), renderChange)
  }
}
