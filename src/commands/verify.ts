import * as Flags from '@oclif/core/flags'
import { checkApp, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { requireWith } from '../cli/command-line/flag-values.js'
import { clusterFlags, durationFlag, probeFlags } from '../cli/flags/flags.js'

export default class Verify extends OperationCommand {
  static override summary = 'Verify the stage of an app by counted requests'
  static override description =
    'Sends requests through the proxy, with and without the canary headers, and counts which version answers ' +
    'them. Changes nothing.'
  static override examples = [
    '<%= config.bin %> verify echo',
    '<%= config.bin %> verify echo --tolerance 2.5',
    '<%= config.bin %> verify echo --analyze --duration 1m',
    '<%= config.bin %> verify echo --explain --proxy-url http://localhost:8080',
  ]
  static override args = { app: requiredApp }
  static override flags = {
    analyze: Flags.boolean({
      description: "Compare the canary's errors and latency with the primary's, by pairs of requests",
      helpGroup: 'probe',
    }),
    duration: durationFlag,
    explain: Flags.boolean({
      description: 'Show a few raw answers and how canary reads them; verifies nothing',
      helpGroup: 'probe',
      exclusive: ['analyze'],
    }),
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Verify)
    const { analyze, explain } = parsed.flags
    requireWith(parsed, 'duration', 'analyze')
    const app = checkApp(parsed.args.app)
    const { context, namespace, durationMs } = await this.open({ title: `verify ${app}`, app, parsed })
    const operations = await import('../operations/verify.js')
    const request = { app, namespace }
    if (explain) {
      const { renderExplained } = await import('../report/text/explain-text.js')
      return this.show(await operations.explain(context, request), renderExplained)
    }
    const { renderAnalysis, renderProof } = await import('../report/text/result-text.js')
    if (analyze)
      return this.show(await operations.analyze(context, { ...request, durationMs }), renderAnalysis)
    await this.show(await operations.verify(context, request), renderProof)
  }
}
