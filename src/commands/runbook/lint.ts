import { RunbookFileCommand } from '../../cli/runbook/runbook-command.js'
import { fileArg, varFlag } from '../../cli/flags/runbook-flags.js'

export default class RunbookLint extends RunbookFileCommand {
  static override summary = 'Check a runbook, without any cluster'
  static override description =
    'Reports every error of the file with line and column. Exits 2 if there is one.'
  static override examples = [
    '<%= config.bin %> runbook lint rollout.yaml',
    '<%= config.bin %> runbook lint rollout.yaml --var to=v3',
  ]
  static override args = { file: fileArg }
  static override flags = { var: varFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RunbookLint)
    const [{ readRunbook }, { secrets }] = await Promise.all([
      import('../../cli/runbook/run-request.js'),
      this.getOutput(),
    ])
    const { file, clusters, waves, steps } = await readRunbook(args.file, flags.var, secrets)
    const apps = waves.flatMap((wave) => wave.apps.map(({ name }) => name))
    const document = {
      file,
      clusters: clusters.flatMap(({ name }) => name ?? []),
      waves: waves.map(({ name }) => name),
      apps,
      steps: steps.map(({ id, type }) => ({ id, type })),
    }
    const counts = [
      counted(steps.length, 'step'),
      counted(apps.length, 'app'),
      counted(waves.length, 'wave'),
      counted(clusters.length, 'cluster'),
    ]
    await this.print(document, (palette) => `${palette.good('✔')} ${file}: ${counts.join(', ')}`)
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
