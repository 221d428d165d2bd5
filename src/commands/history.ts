import * as Flags from '@oclif/core/flags'
import { checkApp, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { clusterFlags } from '../cli/flags/flags.js'

export default class History extends OperationCommand {
  static override summary = 'Show the revisions of an app as events of its rollouts'
  static override description =
    'Newest last: the stage of each revision, its proof, who made it and by which command; for revisions made ' +
    'by hand, what they changed. Sends no request and changes nothing.'
  static override examples = [
    '<%= config.bin %> history echo',
    '<%= config.bin %> history echo --limit 5 --json',
  ]
  static override args = { app: requiredApp }
  static override flags = {
    limit: Flags.integer({
      min: 1,
      default: 20,
      env: 'CANARY_LIMIT',
      helpValue: '<number>',
      description: 'Number of revisions to show, newest first',
    }),
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const { args, flags, metadata } = await this.parse(History)
    const app = checkApp(args.app)
    const { limit, ...others } = flags
    const { context, namespace } = await this.open({
      activity: `reading the history of ${app}`,
      app,
      parsed: { flags: others, metadata },
    })
    const { history } = await import('../operations/history.js')
    await this.show(await history(context, { app, namespace, limit }), async (result, palette) => {
      const { renderHistory } = await import('../report/text/history-text.js')
      return renderHistory(result, palette, { now: Date.now(), columns: process.stdout.columns })
    })
  }
}
