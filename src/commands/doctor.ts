import { checkApp, optionalApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { clusterFlags, probeFlags } from '../cli/flags/flags.js'
import { EXIT_CODES } from '../model/exit-codes.js'

export default class Doctor extends OperationCommand {
  static override summary = 'Check helm, kubectl, the cluster, permissions, the gateway and an app'
  static override description =
    'Every finding comes with its remedy. Exits 5 when there is a problem. Changes nothing.'
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor echo']
  static override args = { app: optionalApp }
  static override flags = { ...clusterFlags, 'proxy-url': probeFlags['proxy-url'] }

  async run(): Promise<void> {
    const parsed = await this.parse(Doctor)
    const app = parsed.args.app === undefined ? undefined : checkApp(parsed.args.app)
    const { context, namespace } = await this.open({
      activity: 'checking helm, kubectl, the cluster and the gateway',
      app,
      parsed,
    })
    const { doctor } = await import('../operations/doctor.js')
    const result = await doctor(context, { app, namespace })
    await this.show(result, async ({ findings }, palette) => {
      const { renderDoctor } = await import('../report/text/doctor-text.js')
      return renderDoctor(findings, palette)
    })
    if (result.problems > 0) process.exitCode = EXIT_CODES.external.code
  }
}
