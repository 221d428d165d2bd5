import { RunbookFileCommand } from '../../cli/runbook/runbook-command.js'
import { fileArg, varFlag } from '../../cli/flags/runbook-flags.js'

export default class RunbookGraph extends RunbookFileCommand {
  static override summary = 'Draw a runbook as a Mermaid flowchart'
  static override description = 'Clusters, their waves and the steps, as text for Mermaid. Opens no cluster.'
  static override examples = ['<%= config.bin %> runbook graph rollout.yaml > rollout.mmd']
  static override args = { file: fileArg }
  static override flags = { var: varFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RunbookGraph)
    const [{ readRunbook }, { runbookGraph }, { secrets }] = await Promise.all([
      import('../../cli/runbook/run-request.js'),
      import('../../runbook/graph.js'),
      this.getOutput(),
    ])
    const runbook = await readRunbook(args.file, flags.var, secrets)
    const mermaid = runbookGraph(runbook)
    await this.print({ file: args.file, mermaid }, () => mermaid.trimEnd(), { isFile: true })
  }
}
