import { commandText } from '../model/command-text.js'
import * as Flags from '@oclif/core/flags'
import {
  checkApp,
  checkGateway,
  checkVersion,
  refuseVersionFirst,
  requiredApp,
  versionArg,
} from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { renderChange } from '../cli/output/render-change.js'
import {
  changeFlags,
  chartFlags,
  chartRequest,
  clusterFlags,
  overlapFlag,
  probeFlags,
} from '../cli/flags/flags.js'

export default class Install extends OperationCommand {
  static override summary = 'Install an app with its first version'
  static override description =
    "Creates the namespace (the app's name by default) and the release with one version and its routes, waits " +
    'for the pods, and verifies by requests through the proxy that the version answers.'
  static override examples = [
    '<%= config.bin %> install echo v1 --with-virtual-service',
    '<%= config.bin %> install echo v1 --gateway gateways/public',
    '<%= config.bin %> install shop 1.6 --image registry.example/shop:1.6 -f shop.yaml',
  ]
  static override args = { app: requiredApp, version: versionArg('The first version, such as v1 or 1.9') }
  static override flags = {
    ...chartFlags({
      values: 'YAML file with values for the chart, - for stdin; repeatable, the last one wins',
      set: 'Value for the chart in the syntax of helm --set, repeatable',
      chart: 'Folder, .tgz, oci://REGISTRY/CHART or REPO/CHART (default: the bundled chart)',
    }),
    image: Flags.string({ env: 'CANARY_IMAGE', description: 'Image of VERSION' }),
    'api-group': Flags.string({
      env: 'CANARY_API_GROUP',
      description: "Label by which Gloo's virtual services select the app's routes (default example)",
    }),
    gateway: Flags.string({
      env: 'CANARY_GATEWAY',
      helpValue: '<namespace>/<name>',
      description: 'Gateway of the Gateway API that serves the app: routes.provider gateway-api',
      exclusive: ['api-group', 'with-virtual-service'],
    }),
    'with-virtual-service': Flags.boolean({
      description: 'Create a virtual service of Gloo that delegates to the routes if none does',
    }),
    'allow-overlap': overlapFlag,
    ...changeFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Install)
    const { flags } = parsed
    if (!parsed.flags.yes) refuseVersionFirst(parsed.args)
    const app = checkApp(parsed.args.app)
    const version = checkVersion(parsed.args.version)
    const gateway = flags.gateway === undefined ? undefined : checkGateway(flags.gateway)
    const { context, namespace } = await this.open({
      title: commandText.install({ app, version }),
      app,
      parsed,
    })
    const { install } = await import('../operations/install.js')
    await this.show(
      await install(context, {
        app,
        namespace,
        version,
        ...chartRequest(flags),
        image: flags.image,
        apiGroup: flags['api-group'],
        gateway,
        attach: flags['with-virtual-service'],
      }),
      renderChange,
    )
  }
}
