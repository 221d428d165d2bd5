import { checkApp, requiredApp } from '../cli/args.js'
import { BaseCommand } from '../cli/base-command.js'
import { clusterFlags, probeFlags } from '../cli/flags.js'

export default class Verify extends BaseCommand {
  static override summary = 'Prove the stage an app is in by counted requests'
  static override description =
    'Sends requests through the proxy, with and without the canary headers, and counts which version ' +
    'answers them. Changes nothing.'
  static override examples = [
    '<%= config.bin %> verify echo',
    '<%= config.bin %> verify echo --proxy-url http://localhost:8080',
  ]
  static override args = { app: requiredApp }
  static override flags = { ...probeFlags, ...clusterFlags }

  async run(): Promise<void> {
    const parsed = await this.parse(Verify)
    const app = checkApp(parsed.args.app)
    await this.perform({
      title: `verify ${app}`,
      activity: `reading the release of ${app}`,
      app,
      parsed,
      run: async (context, { namespace }) => {
        const { verify } = await import('../operations/verify.js')
        return verify(context, { app, namespace })
      },
      render: async (result, palette) => {
        const { renderProof } = await import('../report/result-text.js')
        return renderProof(result, palette)
      },
    })
  }
}
