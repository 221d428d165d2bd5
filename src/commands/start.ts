import { commandText } from '../model/command-text.js'
import * as Flags from '@oclif/core/flags'
import { checkApp, checkVersion, parsePercent, requiredApp, versionArg } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { renderChange } from '../cli/output/render-change.js'
import {
  changeFlags,
  clusterFlags,
  failureFlags,
  overlapFlag,
  probeFlags,
  repeatable,
} from '../cli/flags/flags.js'

export default class Start extends OperationCommand {
  static override summary = 'Deploy a canary beside the primary and send it the canary requests'
  static override description =
    'Two steps: deploys VERSION and verifies that nothing changed for anybody, then sends it the requests ' +
    "with the canary headers; all others stay with the primary. Its configuration is the primary's, changed " +
    'by --image, --set-version and --version-values.'
  static override examples = [
    '<%= config.bin %> start echo v2',
    '<%= config.bin %> start echo v2 --deploy-only --shadow 20',
    '<%= config.bin %> start shop 1.7 --image registry.example/shop:1.7 --header x-beta=yes',
  ]
  static override args = { app: requiredApp, version: versionArg('The new version, such as v2 or 1.10') }
  static override flags = {
    header: repeatable({
      env: 'CANARY_HEADER',
      helpValue: '<name=value>',
      description: 'Header that sends a request to the canary, repeatable (default stage=canary)',
    }),
    'deploy-only': Flags.boolean({
      description: 'Stop after the deployment, before any route leads to the canary',
    }),
    shadow: Flags.string({
      env: 'CANARY_SHADOW',
      helpValue: '<percent>',
      dependsOn: ['deploy-only'],
      description: 'Percent of requests copied to VERSION, whose answers are discarded; 0 ends it',
    }),
    image: Flags.string({ env: 'CANARY_IMAGE', description: 'Image of VERSION' }),
    'set-version': repeatable({
      helpValue: '<key=value>',
      description: 'Setting of VERSION, repeatable; overrides --version-values',
    }),
    'version-values': Flags.string({
      helpValue: '<file>',
      description: 'YAML file with settings of VERSION',
    }),
    'allow-overlap': overlapFlag,
    ...changeFlags,
    ...failureFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Start)
    const { flags } = parsed
    const app = checkApp(parsed.args.app)
    const version = checkVersion(parsed.args.version)
    const shadow = flags.shadow === undefined ? undefined : parsePercent('--shadow', flags.shadow)
    const { context, namespace, canaryHeaders } = await this.open({
      title: commandText.start({ app, version }),
      app,
      parsed,
    })
    const { start } = await import('../operations/start.js')
    await this.show(
      await start(context, {
        app,
        namespace,
        version,
        headers: canaryHeaders,
        deployOnly: flags['deploy-only'],
        shadow,
        image: flags.image,
        setVersion: flags['set-version'],
        versionValues: flags['version-values'],
      }),
      renderChange,
    )
  }
}
