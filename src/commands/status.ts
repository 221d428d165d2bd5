import { checkApp, optionalApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { clusterFlags } from '../cli/flags/flags.js'

export default class Status extends OperationCommand {
  static override summary = 'Show where a rollout stands, or list all apps'
  static override description = 'Reads the release and its pods; sends no request and changes nothing.'
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status echo --json']
  static override args = { app: optionalApp }
  static override flags = { ...clusterFlags }

  async run(): Promise<void> {
    const parsed = await this.parse(Status)
    if (parsed.args.app === undefined) return this.list(parsed)
    const app = checkApp(parsed.args.app)
    await this.perform({
      app,
      parsed,
      run: async (context, { namespace }) => {
        const { status } = await import('../operations/status.js')
        return status(context, { app, namespace })
      },
      render: async (result, palette) => {
        const { renderStatus } = await import('../report/text/status-text.js')
        return renderStatus(result, palette, Date.now())
      },
    })
  }

  private async list(parsed: Parameters<Status['perform']>[0]['parsed']): Promise<void> {
    await this.perform({
      activity: 'reading all releases',
      parsed,
      run: async (context, { namespace }) => {
        const { listApps } = await import('../operations/status.js')
        return { apps: await listApps(context, namespace) }
      },
      render: async ({ apps }, palette) => {
        const { renderApps } = await import('../report/text/status-text.js')
        return renderApps(apps, palette, Date.now(), process.stdout.columns)
      },
    })
  }
}
