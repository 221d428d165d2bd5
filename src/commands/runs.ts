import { OperationCommand } from '../cli/operation-command.js'
import { clusterFlags } from '../cli/flags/flags.js'

export default class Runs extends OperationCommand {
  static override summary = 'List runs, what they wait for, and since when'
  static override description =
    'Reads what runs keep with their apps; changes nothing. A wait is over once the app has a newer revision.'
  static override examples = ['<%= config.bin %> runs', '<%= config.bin %> runs -n echo --json']
  static override flags = { ...clusterFlags }

  async run(): Promise<void> {
    const parsed = await this.parse(Runs)
    const { context, namespace } = await this.open({ activity: 'reading what runs wait for', parsed })
    const { listRuns } = await import('../operations/runs.js')
    await this.show({ runs: await listRuns(context, namespace) }, async ({ runs }, palette) => {
      const { renderRuns } = await import('../report/text/runs-text.js')
      return renderRuns(runs, palette, Date.now())
    })
  }
}
