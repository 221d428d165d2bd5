import { canaryCommand } from '../../model/command-line.js'
import { shellWord } from '../../lib/shell-word.js'
import { ConflictError } from '../../model/errors.js'
import type { Palette } from '../../report/terminal/palette.js'

/** A running sandbox as shown, without its token. */
export interface SandboxView {
  running: true
  pid: number
  kubeconfig: string
  apiUrl: string
  proxyUrl: string
  /** Of the Gateway `public` in namespace `gateways`; undefined without the Gateway API. */
  gatewayUrl?: string
  /** The real implementation of the Gateway API that runs in it, if any. */
  realGateway?: string
  /** ISO time. */
  startedAt: string
}

/** The view of a sandbox's state. */
export function viewSandbox(state: Omit<SandboxView, 'running'>): SandboxView {
  const { pid, kubeconfig, apiUrl, proxyUrl, gatewayUrl, realGateway, startedAt } = state
  const gateway = {
    ...(gatewayUrl === undefined ? {} : { gatewayUrl }),
    ...(realGateway === undefined ? {} : { realGateway }),
  }
  return { running: true, pid, kubeconfig, apiUrl, proxyUrl, ...gateway, startedAt }
}

/** A running sandbox as text: how to use it, and how to stop it. */
export function describeSandbox(view: SandboxView, headline: string, palette: Palette): string {
  const { gatewayUrl, proxyUrl, realGateway } = view
  const place = `Gateway public in namespace gateways${realGateway === undefined ? '' : `; the real ${realGateway}`}`
  const hasGloo = gatewayUrl !== proxyUrl
  const gateways = [...(hasGloo ? ['Gloo'] : []), ...(gatewayUrl === undefined ? [] : ['the Gateway API'])]
  const onGateway = ['--gateway', 'gateways/public']
  const next = canaryCommand(['install', 'echo', 'v1', ...(hasGloo ? ['--with-virtual-service'] : onGateway)])
  return [
    `${palette.good('✔')} ${headline} (pid ${view.pid}): a simulator of Kubernetes with ${gateways.join(' and ')}, on this machine only`,
    `  api     ${view.apiUrl}`,
    ...(hasGloo ? [`  proxy   ${proxyUrl}`] : []),
    ...(gatewayUrl === undefined ? [] : [`  gateway ${gatewayUrl} (${place})`]),
    `  use     ${palette.strong(exportLine(view.kubeconfig))}`,
    `  next    ${palette.strong(next)}`,
    `  stop    ${palette.strong(canaryCommand(['sandbox', 'stop']))}`,
  ].join('\n')
}

/** The line that makes helm, kubectl and canary use the sandbox, quoted for a POSIX shell. */
export function exportLine(kubeconfig: string): string {
  return `export KUBECONFIG=${shellWord(kubeconfig)}`
}

export function notRunning(): ConflictError {
  return new ConflictError('No sandbox is running.', { nextSteps: [canaryCommand(['sandbox', 'start'])] })
}
