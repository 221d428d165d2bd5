import { checkApp, optionalApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { clusterFlags } from '../cli/flags/flags.js'
import type { ParsedFlags } from '../cli/session/settings.js'

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
    const { context, namespace } = await this.open({ app, parsed })
    const { status } = await import('../operations/status.js')
    await this.show(await status(context, { app, namespace }), async (result, palette) => {
      const { renderStatus } = await import('../report/text/status-text.js')
      return renderStatus(result, palette, Date.now())
    })
  }

  private async list(parsed: ParsedFlags): Promise<void> {
    const { context, namespace } = await this.open({ activity: 'reading all releases', parsed })
    const { listApps } = await import('../operations/status.js')
    await this.show({ apps: await listApps(context, namespace) }, async ({ apps }, palette) => {
      const { renderApps } = await import('../report/text/status-text.js')
      return renderApps(apps, palette, Date.now(), process.stdout.columns)
    })
  }
}
