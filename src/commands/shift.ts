import { commandText } from '../model/command-text.js'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { checkApp, parsePercent, refuseWeightFirst, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { renderChange } from '../cli/output/render-change.js'
import { requireWith } from '../cli/command-line/flag-values.js'
import {
  changeFlags,
  clusterFlags,
  durationFlag,
  failureFlags,
  probeFlags,
  scaleFlag,
} from '../cli/flags/flags.js'

export default class Shift extends OperationCommand {
  static override summary = 'Send WEIGHT percent of the regular requests to the canary'
  static override description =
    'One upgrade, then its verification: that share of the regular requests reaches the canary, and so do all ' +
    'canary requests. 0 returns to the header stage; 100 sends all requests to the canary and keeps the ' +
    'primary standing by.'
  static override examples = [
    '<%= config.bin %> shift echo 50',
    '<%= config.bin %> shift echo 50 --analyze --duration 1m --on-failure abort',
    '<%= config.bin %> shift echo 10 --dry-run',
  ]
  static override args = {
    app: requiredApp,
    weight: Args.string({
      description: 'Percent of the regular requests, an integer from 0 to 100',
      required: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    analyze: Flags.boolean({
      env: 'CANARY_ANALYZE',
      description: 'Compare errors and latency of canary and primary before a share rises',
      helpGroup: 'safety',
    }),
    duration: durationFlag,
    scale: scaleFlag,
    ...changeFlags,
    ...failureFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Shift)
    refuseWeightFirst(parsed.args)
    requireWith(parsed, 'duration', 'analyze')
    const app = checkApp(parsed.args.app)
    const weight = parsePercent('WEIGHT', parsed.args.weight)
    const { analyze } = parsed.flags
    const { context, namespace, durationMs } = await this.open({
      title: commandText.shift({ app, weight }),
      app,
      parsed,
    })
    const { shift } = await import('../operations/shift.js')
    await this.show(
      await shift(context, { app, namespace, weight, analyzeMs: analyze ? durationMs : undefined }),
      renderChange,
    )
  }
}
