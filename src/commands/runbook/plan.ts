import { clusterFlags, probeFlags, scaleFlag } from '../../cli/flags/flags.js'
import { RunbookCommand } from '../../cli/runbook/runbook-command.js'
import { fileArg, onlyFlag, untilFlag, varFlag } from '../../cli/flags/runbook-flags.js'

export default class RunbookPlan extends RunbookCommand {
  static override summary = 'Show what a run would do, app by app'
  static override description =
    'Shows where each app is: the steps that are met, those to come, and the next change in full. Changes nothing, takes no ' +
    'lock. Exits as the run would if it refuses an app: 6 if its state does not match the steps, 2 for invalid values.'
  static override examples = ['<%= config.bin %> runbook plan rollout.yaml --var to=v3']
  static override args = { file: fileArg }
  static override flags = {
    var: varFlag,
    only: onlyFlag,
    until: untilFlag,
    scale: scaleFlag,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(RunbookPlan)
    const { requestOf } = await import('../../cli/runbook/run-request.js')
    await this.go(await requestOf(parsed.args.file, parsed, this.argv, await this.getOutput()), {
      dryRun: true,
    })
  }
}
