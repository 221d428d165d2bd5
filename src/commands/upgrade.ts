import * as Flags from '@oclif/core/flags'
import { checkApp, requiredApp } from '../cli/flags/args.js'
import { ChangeCommand } from '../cli/change-command.js'
import {
  changeFlags,
  chartVersionFlag,
  clusterFlags,
  overlapFlag,
  probeFlags,
  repeatable,
  scaleFlag,
} from '../cli/flags/flags.js'
import { UsageError } from '../model/errors.js'

export default class Upgrade extends ChangeCommand {
  static override summary = 'Give a stable app another chart or other base values'
  static override description =
    'Shows what changes in the values and in the objects, and whose pods restart; on a terminal it asks first. Proves ' +
    'the app by requests, upgrades it, waits until new pods have replaced the old ones, and proves it again. Versions ' +
    'and routes stay as they are: a new version comes in with canary start.'
  static override examples = [
    '<%= config.bin %> upgrade echo --chart bundled',
    '<%= config.bin %> upgrade echo -f base.yaml --dry-run',
    '<%= config.bin %> upgrade echo --set upstream.fallbackPolicy=NO_FALLBACK',
    '<%= config.bin %> upgrade echo --revision 3',
  ]
  static override args = { app: requiredApp }
  static override flags = {
    values: repeatable({
      char: 'f',
      helpValue: '<file>',
      description:
        'YAML file whose values replace all but versions and routes, repeatable, later ones winning',
    }),
    set: repeatable({
      helpValue: '<key=value>',
      description:
        "A value as helm's --set has it, over those deployed (over the files, where given), repeatable",
    }),
    'set-string': repeatable({ helpValue: '<key=value>', description: 'The same, always a string' }),
    chart: Flags.string({
      env: 'CANARY_CHART',
      helpValue: '<chart>',
      description:
        'Folder, .tgz, oci://REGISTRY/CHART or REPO/CHART; "bundled" for the one that comes with canary; by default the one deployed',
    }),
    'chart-version': chartVersionFlag,
    revision: Flags.string({
      helpValue: '<number>',
      description: 'Go back to the chart and the base values of this revision of the history',
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
    const revision = flags.revision === undefined ? undefined : revisionNumber(flags.revision)
    await this.change(app, `upgrade ${app}`, parsed, async (context, { namespace }) => {
      const { upgrade } = await import('../operations/upgrade.js')
      return upgrade(context, {
        app,
        namespace,
        valuesFiles: flags.values,
        set: flags.set,
        setString: flags['set-string'],
        chart: flags.chart,
        chartVersion: flags['chart-version'],
        revision,
      })
    })
  }
}

function revisionNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new UsageError(`--revision "${text}" is not the number of a revision.`, {
    state: 'Nothing was changed.',
    nextSteps: ['give a whole number as helm history lists them, as in: --revision 3'],
  })
}
