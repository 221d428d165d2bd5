import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { checkApp, parsePercent, refuseWeightFirst, requiredApp } from '../cli/flags/args.js'
import { ChangeCommand } from '../cli/change-command.js'
import { requireWith } from '../cli/command-line/flag-values.js'
import {
  changeFlags,
  clusterFlags,
  durationFlag,
  failureFlags,
  probeFlags,
  scaleFlag,
} from '../cli/flags/flags.js'

export default class Shift extends ChangeCommand {
  static override summary = 'Send WEIGHT percent of the regular requests to the canary'
  static override description =
    'One upgrade, then proof: that share of the requests without the canary headers reaches the canary, ' +
    'and all requests with them do. 0 goes back to the phase in which only canary requests reach it; ' +
    '100 sends all requests to it and keeps the primary standing by.'
  static override examples = [
    '<%= config.bin %> shift echo 50',
    '<%= config.bin %> shift echo 50 --analyze --duration 1m --on-failure abort',
    '<%= config.bin %> shift echo 10 --dry-run',
  ]
  static override args = {
    app: requiredApp,
    weight: Args.string({
      description: 'Percent of the regular requests, a whole number from 0 to 100',
      required: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    analyze: Flags.boolean({
      env: 'CANARY_ANALYZE',
      description: "Before a share rises, compare the canary's errors and latency with the primary's",
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
    await this.change(app, `shift ${app} ${weight}`, parsed, async (context, { namespace, durationMs }) => {
      const { shift } = await import('../operations/shift.js')
      return shift(context, { app, namespace, weight, ...(analyze ? { analyzeMs: durationMs } : {}) })
    })
  }
}
