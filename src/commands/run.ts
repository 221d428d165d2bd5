import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { changeFlags, clusterFlags, probeFlags, repeatable, scaleFlag } from '../cli/flags.js'
import { fileArg, varFlag } from '../cli/runbook-flags.js'

export default class Run extends BaseCommand {
  static override summary = 'Run a runbook: go on where each of its apps is'
  static override description =
    'Reads the clusters, and takes every app through the steps that it has not done yet, wave by wave. Run again after a ' +
    'failure, a kill or an approval it goes on; nothing is done twice, no weight is lowered. Exits 8 where it waits for a ' +
    'person or a window.'
  static override examples = [
    '<%= config.bin %> run rollout.yaml --dry-run',
    '<%= config.bin %> run rollout.yaml --var to=v3 --approve qa',
    '<%= config.bin %> run rollout.yaml --only echo --until shift-50',
  ]
  static override args = { file: fileArg }
  static override flags = {
    var: varFlag,
    only: repeatable({ helpValue: '<app>', description: 'Only this app, repeatable' }),
    until: Flags.string({ helpValue: '<step>', description: 'Stop before the step of this id' }),
    approve: repeatable({ helpValue: '<step>', description: 'Approve the step of this id, repeatable' }),
    'no-wait': Flags.boolean({ description: 'Exit 8 where a window is closed, in place of waiting for it' }),
    scale: scaleFlag,
    ...changeFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Run)
    const { args, flags } = parsed
    const [{ loadRunbook, parseVars }, { planRunbook, runRunbook }, text, output] = await Promise.all([
      import('../runbook/load.js'),
      import('../cli/run-runbook.js'),
      import('../report/run-text.js'),
      this.getOutput(),
    ])
    const runbook = await loadRunbook(args.file, { vars: parseVars(flags.var ?? []), env: process.env })
    const request = {
      runbook,
      only: flags.only,
      until: flags.until,
      approve: flags.approve ?? [],
      noWait: flags['no-wait'],
      parsed,
    }
    const { version } = this.config
    if (flags['dry-run']) {
      const apps = await planRunbook(request, output, version)
      return this.print({ file: runbook.file, apps }, (palette) => text.renderRunPlan(apps, palette))
    }
    const result = await runRunbook(request, output, version)
    await this.print(result, (palette) => text.renderRun(result, palette))
  }
}
