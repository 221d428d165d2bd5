import { canaryCommand } from '../../model/command-line.js'
import { shellWord } from '../../lib/shell-word.js'
import { ConflictError } from '../../model/errors.js'
import type { Palette } from '../../report/terminal/palette.js'

/** What is shown of a running sandbox; its token is not. */
export interface SandboxView {
  running: true
  pid: number
  kubeconfig: string
  apiUrl: string
  proxyUrl: string
  /** ISO time. */
  startedAt: string
}

/** The view of a sandbox's state. */
export function viewSandbox(state: Omit<SandboxView, 'running'>): SandboxView {
  const { pid, kubeconfig, apiUrl, proxyUrl, startedAt } = state
  return { running: true, pid, kubeconfig, apiUrl, proxyUrl, startedAt }
}

/** A running sandbox for people: how to use it, and how to end it. */
export function describeSandbox(view: SandboxView, headline: string, palette: Palette): string {
  return [
    `${palette.good('✔')} ${headline} (pid ${view.pid}): a simulator of Kubernetes with Gloo, on this machine only`,
    `  api     ${view.apiUrl}`,
    `  proxy   ${view.proxyUrl}`,
    `  use     ${palette.strong(exportLine(view.kubeconfig))}`,
    `  next    ${palette.strong(canaryCommand(['install', 'echo', 'v1', '--with-virtual-service']))}`,
    `  stop    ${palette.strong(canaryCommand(['sandbox', 'stop']))}`,
  ].join('\n')
}

/** The line that makes helm, kubectl and canary use the sandbox, quoted for a POSIX shell. */
export function exportLine(kubeconfig: string): string {
  return `export KUBECONFIG=${shellWord(kubeconfig)}`
}

export function notRunning(): ConflictError {
  return new ConflictError('No sandbox runs.', { nextSteps: [canaryCommand(['sandbox', 'start'])] })
}
