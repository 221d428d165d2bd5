import { RunbookFileCommand } from '../../cli/runbook-command.js'
import { fileArg, varFlag } from '../../cli/runbook-flags.js'

export default class RunbookGraph extends RunbookFileCommand {
  static override summary = 'Draw a runbook as a Mermaid flowchart'
  static override description = 'Clusters, their waves and the steps, as text for Mermaid. Opens no cluster.'
  static override examples = ['<%= config.bin %> runbook graph rollout.yaml > rollout.mmd']
  static override args = { file: fileArg }
  static override flags = { var: varFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RunbookGraph)
    const [{ loadRunbook, parseVars }, { runbookGraph }] = await Promise.all([
      import('../../runbook/load.js'),
      import('../../runbook/graph.js'),
    ])
    const runbook = await loadRunbook(args.file, { vars: parseVars(flags.var ?? []), env: process.env })
    const mermaid = runbookGraph(runbook)
    await this.print({ file: args.file, mermaid }, () => mermaid.trimEnd())
  }
}
