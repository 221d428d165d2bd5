import { AsyncLocalStorage } from 'node:async_hooks'
import { shellWord } from '../lib/shell-word.js'

// Command lines to be pasted: next steps, remedies, what a dry run would run. Every one is made here, so that each names the
// namespace and the cluster it is for, and reads in a shell as it is meant.

type Program = 'canary' | 'helm' | 'kubectl'

/** An app, and where it is: the namespace is left out where canary finds the app without it. */
export interface AppPlace {
  app: string
  namespace?: string
}

/** The cluster that a user named; undefined fields are left to each program. */
export interface NamedCluster {
  kubeContext?: string
  kubeconfig?: string
  /** Canary finds both by itself, in its file of settings: only other programs need them. */
  isKnownToCanary?: boolean
}

const named = new AsyncLocalStorage<NamedCluster>()
let ofSession: NamedCluster | undefined

/** Names the cluster of a command that works on one, until its session ends (undefined). */
export function nameCluster(cluster: NamedCluster | undefined): void {
  ofSession = cluster
}

/**
 * The same for one of several clusters: all commands made during the work name it. Kept beside the call, because a plan or
 * a diagnosis knows no clusters.
 */
export function withNamedCluster<T>(cluster: NamedCluster, work: () => T): T {
  const { kubeContext, kubeconfig } = cluster
  return kubeContext === undefined && kubeconfig === undefined ? work() : named.run(cluster, work)
}

/** `canary shift echo 50`; with `-n` where the namespace is not the app's name, and the cluster where one was named. */
export function canaryCommand(words: readonly (string | number)[], place?: AppPlace): string {
  const { app, namespace } = place ?? {}
  return line('canary', words, namespace === app ? undefined : namespace)
}

/** A command as it was typed, without `canary`, once more and with these flags. */
export function canaryAgain(typed: string, place: AppPlace, ...flags: string[]): string {
  return `canary ${typed}${canaryCommand([], place).slice('canary'.length)}${flags.map((flag) => ` ${quoted(flag)}`).join('')}`
}

/** `kubectl get pods -n echo -l app=echo`. */
export function kubectlCommand(words: readonly (string | number)[], namespace?: string): string {
  return line('kubectl', words, namespace)
}

/** `helm history echo -n echo`. */
export function helmCommand(words: readonly (string | number)[], namespace?: string): string {
  return line('helm', words, namespace)
}

/** A command and what it is for: `canary abort echo    (rolls back)`. */
export function commented(command: string, comment: string): string {
  return `${command}    (${comment})`
}

/** Words as one line for a shell, quoted where they need it. */
export function quotedLine(words: readonly string[]): string {
  return words.map(quoted).join(' ')
}

/** Namespace and cluster stand between what a command is about and its flags. */
function line(program: Program, given: readonly (string | number)[], namespace?: string): string {
  const words = given.map(String)
  const at = words.findIndex((word) => word.startsWith('-'))
  const flags = at === -1 ? [] : words.slice(at)
  const subject = at === -1 ? words : words.slice(0, at)
  const where = namespace === undefined ? [] : ['-n', namespace]
  return quotedLine([program, ...subject, ...where, ...clusterFlags(program, subject), ...flags])
}

/** Commands that need no cluster, by their first words; canary's take no such flags. */
const WITHOUT_CLUSTER: Record<Program, string[]> = {
  canary: ['sandbox', 'runbook'],
  helm: ['pull', 'registry', 'repo', 'version'],
  kubectl: ['version'],
}

function clusterFlags(program: Program, [command = '', second]: string[]): string[] {
  const { kubeContext, kubeconfig, isKnownToCanary } = named.getStore() ?? ofSession ?? {}
  if ((program === 'canary' && isKnownToCanary) || WITHOUT_CLUSTER[program].includes(command)) return []
  const context = second === 'get-contexts' ? undefined : kubeContext
  return [
    ...(context === undefined ? [] : [program === 'kubectl' ? '--context' : '--kube-context', context]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
  ]
}

/** `…` and `<…>` stand for what the reader fills in: in quotes they would be taken for a value. */
function quoted(word: string): string {
  if (/^<.+>$/.test(word)) return word
  const [, flag = '', value = '', blank = ''] = /^(--[\w-]+=)?(.*?)(=?…)?$/s.exec(word) ?? []
  return flag + (value === '' && (flag || blank) ? '' : shellWord(value)) + blank
}
