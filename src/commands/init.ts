import path from 'node:path'
import * as Flags from '@oclif/core/flags'
import { optionalApp } from '../cli/flags/args.js'
import { BaseCommand } from '../cli/base-command.js'
import { clusterFlags, repeatable } from '../cli/flags/flags.js'
import type { KnownAnswers } from '../cli/init-answers.js'
import { printNote } from '../cli/output/output.js'
import type { ClusterOptions } from '../cluster/options.js'
import { canaryCommand, withNamedCluster } from '../model/command-line.js'
import { UsageError } from '../model/errors.js'

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
      description: "The app's container in it; by default the first",
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
    replicas: Flags.string({ helpValue: '<number>', description: 'Pods of each version (default 2)' }),
    out: Flags.string({ default: '.', helpValue: '<folder>', description: 'Folder for the files' }),
    force: Flags.boolean({ default: false, description: 'Overwrite existing files' }),
    'dry-run': Flags.boolean({ default: false, description: 'Print the files without writing them' }),
    yes: Flags.boolean({ char: 'y', env: 'CANARY_YES', description: 'Take all defaults without questions' }),
    ...clusterFlags,
    namespace: {
      ...clusterFlags.namespace,
      description: "Namespace of the release, and of the Deployment; the Deployment's or APP by default",
    },
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Init)
    const { flags } = parsed
    const [{ askRest, checkTyped, nameFrom }, { init }, { configNote, resolveSettings }] = await Promise.all([
      import('../cli/init-answers.js'),
      import('../operations/init/init.js'),
      import('../cli/session/settings.js'),
    ])
    const { app: name, ...typed } = checkTyped({ ...flags, app: parsed.args.app })
    // Settings of the folder, such as the context: also of an app that is to be named by its Deployment.
    const settings = await resolveSettings(name, parsed, { cwd: process.cwd(), env: process.env })
    const { namespace, kubeContext, kubeconfig } = settings
    const output = await this.getOutput()
    const say = (line: string) => printNote(output, line)
    const used = configNote([settings])
    if (used !== undefined) say(used)
    const source = await this.source(flags, { namespace, kubeContext, kubeconfig, say })
    const of = source && (await import('../operations/init/manifest-source.js')).placeOf(source.deployment)
    const known = {
      app: nameFrom(of?.name ?? path.basename(path.resolve(flags.out))),
      namespace: namespace ?? of?.namespace,
      hasDeployment: source !== undefined,
    }
    let told: KnownAnswers = { ...typed, app: name }
    const { stdin: input, stderr } = process
    if (input.isTTY && stderr.isTTY && !flags.yes && flags.from !== '-') {
      const { openQuestions } = await import('../cli/output/questions.js')
      const questions = openQuestions({ input, output: stderr })
      try {
        told = await askRest(questions, told, { ...known, app: known.app ?? 'app' })
      } finally {
        questions.close()
      }
    }
    const app = told.app ?? known.app
    if (app === undefined) throw withoutApp()
    const { image, port, healthPath, replicas } = told
    const named = { kubeContext: flags['kube-context'], kubeconfig: flags.kubeconfig }
    const request = {
      app,
      namespace: told.namespace ?? known.namespace ?? app,
      paths: told.paths ?? [`/${app}`],
      said: { image, port, healthPath, replicas },
      source,
      container: flags.container,
      withSecrets: flags['with-secrets'],
      folder: flags.out,
      force: flags.force,
      dryRun: flags['dry-run'],
    }
    const result = await withNamedCluster(named, () => init(request))
    const { remarkLines, renderInit } = await import('../report/text/init-text.js')
    const { format } = await this.getOutput()
    if (result.dryRun && format === 'text') {
      for (const line of remarkLines(result)) await this.note(line)
    }
    await this.print({ ...result, warnings: [] }, (palette, shown) => renderInit(shown, palette), {
      asIs: flags['with-secrets'],
      isFile: result.dryRun,
    })
  }

  private async source(
    { from, container }: { from?: string; container?: string },
    { namespace, ...cluster }: ClusterOptions & { namespace?: string },
  ) {
    if (from === undefined) return undefined
    const { sourceOf } = await import('../operations/init/deployment-source.js')
    return sourceOf({ from, container, namespace, cluster, stdin: process.stdin })
  }
}

function withoutApp(): UsageError {
  return new UsageError('APP is missing, and the folder has no name for one.', {
    state: 'Nothing was written.',
    nextSteps: [canaryCommand(['init', 'APP'])],
  })
}
