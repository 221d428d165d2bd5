import { BaseCommand } from '../../cli/base-command.js'

export default class SandboxEnv extends BaseCommand {
  static override summary = 'Print the shell line that makes helm, kubectl and canary use the sandbox'
  static override examples = ['eval "$(<%= config.bin %> sandbox env)"']

  async run(): Promise<void> {
    await this.parse(SandboxEnv)
    const [{ runningSandbox, stateFolder }, { exportLine, notRunning }] = await Promise.all([
      import('../../sandbox/daemon.js'),
      import('../../cli/sandbox/sandbox-texts.js'),
    ])
    const state = await runningSandbox(stateFolder())
    if (!state) throw notRunning()
    await this.print({ KUBECONFIG: state.kubeconfig }, () => exportLine(state.kubeconfig), { isFile: true })
  }
}
