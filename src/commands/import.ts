import { commandText } from '../model/command-text.js'
import { checkApp, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { renderChange } from '../cli/output/render-change.js'
import { changeFlags, clusterFlags, overlapFlag, probeFlags } from '../cli/flags/flags.js'

export default class Import extends OperationCommand {
  static override summary = 'Take over a release made by hand, without restarting a pod'
  static override description =
    'For releases of the charts of the Gloo article series on two-phased canary rollouts (parts 3 and 4). ' +
    'Shows the changed objects and asks first on a terminal; then upgrades once to the bundled chart, in ' +
    'whatever stage the release is, and verifies the stage. Refuses if a pod would change.'
  static override examples = ['<%= config.bin %> import echo --dry-run', '<%= config.bin %> import echo']
  static override args = { app: requiredApp }
  static override flags = { 'allow-overlap': overlapFlag, ...changeFlags, ...probeFlags, ...clusterFlags }

  async run(): Promise<void> {
    const parsed = await this.parse(Import)
    const app = checkApp(parsed.args.app)
    const { context, namespace } = await this.open({ title: commandText.import({ app }), app, parsed })
    const { importApp } = await import('../operations/import.js')
    await this.show(await importApp(context, { app, namespace }), renderChange)
  }
}
