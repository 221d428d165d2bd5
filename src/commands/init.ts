import * as Flags from '@oclif/core/flags'
import { optionalApp } from '../cli/flags/args.js'
import { BaseCommand } from '../cli/base-command.js'
import { clusterFlags, repeatable } from '../cli/flags/flags.js'
import { printNote } from '../cli/output/output.js'
import { withNamedCluster } from '../model/command-line.js'

export default class Init extends BaseCommand {
  static override summary = 'Write a values file and canary.yaml for an app'
  static override description =
    'Asks a few questions on a terminal, takes flags, or reads an existing Deployment (--from), and writes ' +
    'APP-values.yaml, commented, and canary.yaml. Overwrites nothing without --force and changes nothing in a ' +
    'cluster. Lists what the Deployment has and the values cannot express.'
  static override examples = [
    '<%= config.bin %> init shop --image registry.example/shop:1.6 --port 8080 --health-path /healthz',
    '<%= config.bin %> init --from deployment/shop -n shop',
    '<%= config.bin %> init shop --from manifests.yaml#shop --dry-run',
  ]
  static override args = { app: optionalApp }
  static override flags = {
    from: Flags.string({
      helpValue: '<source>',
      description: 'Deployment to read: deployment/NAME from the cluster, FILE, FILE#NAME, or - for stdin',
    }),
    container: Flags.string({
      helpValue: '<name>',
      description: "The app's container in it (default: the first)",
      dependsOn: ['from'],
    }),
    'with-secrets': Flags.boolean({
      description: 'Write passwords of its variables in plain text (default: reference a Secret)',
      dependsOn: ['from'],
    }),
    image: Flags.string({ helpValue: '<image>', description: 'Image, repository[:tag][@digest]' }),
    port: Flags.string({
      helpValue: '<number>',
      description: 'Port that takes the requests (default 8080)',
    }),
    'health-path': Flags.string({
      helpValue: '<path>',
      description: 'Path of the readiness probe (default: the port must be open)',
    }),
    path: repeatable({
      helpValue: '<path>',
      description: 'Path prefix of the app, repeatable (default /APP)',
    }),
    provider: Flags.string({
      env: 'CANARY_PROVIDER',
      options: ['gloo', 'gateway-api'],
      description: 'Kind of gateway that serves the app (default: what the cluster has)',
    }),
    gateway: Flags.string({
      env: 'CANARY_GATEWAY',
      helpValue: '<namespace>/<name>',
      description: 'Gateway of the Gateway API that serves the app: routes.provider gateway-api',
    }),
    replicas: Flags.string({ helpValue: '<number>', description: 'Pods of each version (default 2)' }),
    out: Flags.string({ default: '.', helpValue: '<folder>', description: 'Folder for the files' }),
    force: Flags.boolean({ default: false, description: 'Overwrite existing files' }),
    'dry-run': Flags.boolean({ default: false, description: 'Print the files without writing them' }),
    yes: Flags.boolean({ char: 'y', env: 'CANARY_YES', description: 'Take all defaults without questions' }),
    ...clusterFlags,
    namespace: {
      ...clusterFlags.namespace,
      description: "Namespace of the release, and of the Deployment (default: the Deployment's, or APP)",
    },
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Init)
    const [{ readInitRequest }, { init }, { remarkLines, renderInit }, output] = await Promise.all([
      import('../cli/init-request.js'),
      import('../operations/init/init.js'),
      import('../report/text/init-text.js'),
      this.getOutput(),
    ])
    const say = (line: string) => printNote(output, line)
    const sources = this.sources(output)
    const { request, cluster } = await readInitRequest(parsed, parsed.args.app, sources, say, this.openers)
    const result = await withNamedCluster(cluster, () => init(request))
    if (result.dryRun && output.format === 'text') remarkLines(result).forEach(say)
    await this.print({ ...result, warnings: [] }, (palette, shown) => renderInit(shown, palette), {
      asIs: request.withSecrets,
      isFile: result.dryRun,
    })
  }
}
