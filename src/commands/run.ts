import * as Flags from '@oclif/core/flags'
import {
  changeFlags,
  clusterFlags,
  failureFlags,
  overlapFlag,
  probeFlags,
  scaleFlag,
} from '../cli/flags/flags.js'
import { RunbookCommand } from '../cli/runbook/runbook-command.js'
import { approveFlag, fileArg, onlyFlag, untilFlag, varFlag } from '../cli/flags/runbook-flags.js'

export default class Run extends RunbookCommand {
  static override summary = 'Run a runbook, or resume it where its apps are'
  static override description =
    'Reads the clusters and takes every app through its remaining steps, wave by wave. After a failure, a ' +
    'kill or an approval, run it again: it resumes, repeats nothing and lowers no weight. Exits 8 if it waits ' +
    'for a person or a window.'
  static override examples = [
    '<%= config.bin %> run rollout.yaml --dry-run',
    '<%= config.bin %> run rollout.yaml --var to=v3 --approve qa="checked by hand"',
    '<%= config.bin %> run rollout.yaml --only echo --until shift-50',
  ]
  static override args = { file: fileArg }
  static override flags = {
    var: varFlag,
    only: onlyFlag,
    until: untilFlag,
    approve: approveFlag,
    'no-wait': Flags.boolean({ description: 'Exit 8 instead of waiting for a window' }),
    scale: scaleFlag,
    'allow-overlap': overlapFlag,
    ...changeFlags,
    'on-failure': {
      ...failureFlags['on-failure'],
      description: 'After a failed step: stop, abort, or ask (default: as in the runbook)',
    },
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Run)
    const { requestOf } = await import('../cli/runbook/run-request.js')
    await this.go(await requestOf(parsed.args.file, parsed, this.argv, await this.getOutput()), {
      dryRun: parsed.flags['dry-run'],
    })
  }
}
