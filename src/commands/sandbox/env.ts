import { BaseCommand } from '../../cli/base-command.js'

export default class SandboxEnv extends BaseCommand {
  static override summary = 'Print the shell lines that make helm, kubectl and canary use the sandbox'
  static override examples = ['eval "$(<%= config.bin %> sandbox env)"']

  async run(): Promise<void> {
    await this.parse(SandboxEnv)
    const [{ runningSandbox, stateFolder }, { exportLine, notRunning }] = await Promise.all([
      import('../../sandbox/daemon.js'),
      import('../../cli/sandbox/sandbox-texts.js'),
    ])
    const state = await runningSandbox(stateFolder())
    if (!state) throw notRunning()
    const { kubeconfig, gatewayUrl } = state
    const gateway = gatewayUrl === undefined ? {} : { CANARY_SANDBOX_GATEWAY: gatewayUrl }
    const lines = [
      exportLine(kubeconfig),
      ...(gatewayUrl === undefined ? [] : [`export CANARY_SANDBOX_GATEWAY=${gatewayUrl}`]),
    ]
    await this.print({ KUBECONFIG: kubeconfig, ...gateway }, () => lines.join('\n'), { isFile: true })
  }
}
