import * as Args from '@oclif/core/args'
import { checkApp, checkVersion, optionalApp } from '../../cli/flags/args.js'
import { BaseCommand } from '../../cli/base-command.js'

export default class RunbookInit extends BaseCommand {
  static override summary = 'Print a runbook to start from'
  static override description = 'A whole rollout of one app, every line explained. Needs no cluster.'
  static override examples = ['<%= config.bin %> runbook init echo v2 > rollout.yaml']
  static override args = {
    app: optionalApp,
    version: Args.string({ description: 'Version to roll out (default v2)', ignoreStdin: true }),
  }

  async run(): Promise<void> {
    const { args } = await this.parse(RunbookInit)
    const app = checkApp(args.app ?? 'echo')
    const version = checkVersion(args.version ?? 'v2')
    const { initialRunbook } = await import('../../runbook/template.js')
    const text = initialRunbook(app, version)
    await this.print({ app, version, runbook: text }, () => text.trimEnd(), { isFile: true })
  }
}
