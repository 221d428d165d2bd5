import { BaseCommand } from '../../cli/base-command.js'

export default class SandboxStop extends BaseCommand {
  static override summary = 'Stop the sandbox and discard everything in it'
  static override examples = ['<%= config.bin %> sandbox stop']

  async run(): Promise<void> {
    await this.parse(SandboxStop)
    const { runningSandbox, stateFolder, stopSandbox } = await import('../../sandbox/daemon.js')
    const state = await runningSandbox(stateFolder())
    if (!state) return this.print({ stopped: false }, () => 'No sandbox is running: nothing to stop')
    await stopSandbox(state)
    await this.print(
      { stopped: true, pid: state.pid },
      (palette) => `${palette.good('✔')} the sandbox stopped`,
    )
  }
}
