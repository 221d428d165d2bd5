import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { OperationCommand } from '../cli/operation-command.js'
import { clusterFlags } from '../cli/flags/flags.js'

export default class Approve extends OperationCommand {
  static override summary = 'Approve a step that a run waits for, without running it'
  static override description =
    'Keeps the approval with the app: it holds for this run, this step and the current revision. The run ' +
    'resumes by its own command, or by itself if it waits on a terminal. Approvals are notes between ' +
    "colleagues, not access control: whoever may write the app's Lease can write one."
  static override examples = [
    '<%= config.bin %> approve echo qa --why "checked by hand"',
    '<%= config.bin %> approve nightly qa    # for all apps of a run that wait for it',
  ]
  static override args = {
    target: Args.string({ description: 'App, or ID or name of a run', required: true, ignoreStdin: true }),
    step: Args.string({ description: 'ID of the step', required: true, ignoreStdin: true }),
  }
  static override flags = {
    why: Flags.string({
      env: 'CANARY_WHY',
      helpValue: '<reason>',
      description: 'Reason, kept with the approval',
    }),
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Approve)
    const { target, step } = parsed.args
    const { context, namespace } = await this.open({ activity: 'reading what runs wait for', parsed })
    const [{ approve }, { renderApproved }] = await Promise.all([
      import('../operations/approve.js'),
      import('../report/text/runs-text.js'),
    ])
    const result = await approve(context, { target, namespace, step, why: parsed.flags.why ?? '' })
    await this.show(result, renderApproved)
  }
}
