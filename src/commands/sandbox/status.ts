import { BaseCommand } from '../../cli/base-command.js'

export default class SandboxStatus extends BaseCommand {
  static override summary = 'Show whether a sandbox runs, and where'
  static override examples = ['<%= config.bin %> sandbox status --json']

  async run(): Promise<void> {
    await this.parse(SandboxStatus)
    const [{ runningSandbox, stateFolder }, { describeSandbox, viewSandbox }] = await Promise.all([
      import('../../sandbox/daemon.js'),
      import('../../cli/sandbox/sandbox-texts.js'),
    ])
    const state = await runningSandbox(stateFolder())
    if (!state) return this.print({ running: false }, () => 'No sandbox is running: canary sandbox start')
    const view = viewSandbox(state)
    await this.print(view, (palette) => describeSandbox(view, 'the sandbox is running', palette))
  }
}
