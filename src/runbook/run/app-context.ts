import type { NamedCluster } from '../../model/command-line.js'
import type { EmitRun } from '../../model/events/run-events.js'
import type { OperationContext } from '../../operations/context.js'

export interface CommandRequest {
  /** Variables of the environment beside those of this process. */
  env: Record<string, string>
  /** Milliseconds until it is killed. */
  timeoutMs?: number
  signal: AbortSignal
  /** Called with each line that it prints. */
  line: (text: string) => void
}

/** What a run needs for one app. */
export interface AppContext {
  /** The context of the app's operations, in its cluster; steps override it. */
  context: OperationContext
  emit: EmitRun
  /** The app's cluster, as commands to be pasted name it. */
  cluster: NamedCluster
  /** Of the app's release, if given. */
  namespace?: string
  /** Of the app's settings, if they have any. */
  canaryHeaders?: Record<string, string>
  /** The run's name, id and commands. */
  run: RunIdentity
  /** A path of the runbook, which is relative to its folder. */
  pathOf: (file: string) => string
  /** Runs a command by the shell; resolves with its exit code, throws ExternalError if it could not be run to its end. */
  runCommand: (command: string, request: CommandRequest) => Promise<number>
  /** Approvals given on the command line: why, by the step's id. */
  approved: ReadonlyMap<string, string>
  /** Asks a person to approve; undefined if there is none. Resolves with false when the signal comes. */
  askToApprove?: (question: string, signal: AbortSignal) => Promise<boolean>
  /** Length of an analysis unless the step says otherwise, milliseconds. */
  analysisMs: number
  /** End with exit 8 instead of waiting for a window. */
  noWait: boolean
  /** The last step to do; undefined: all. */
  until?: string
  /** Aborted if another app failed: waits end at once, changes finish their step. */
  stopping?: AbortSignal
}

export interface RunIdentity {
  /** What it is called, for people. */
  name: string
  /** The same for the same steps, variables and apps; approvals and revisions are bound to it. */
  id: string
  /** The same again: `canary run rollout.yaml --var to=v2 --until qa`. */
  command: string
  /** What continues after that: the same without `--until`. */
  onward: string
}

/** A run's command as other operators of the app see it, without `canary`. */
export function lockCommand({ command }: RunIdentity): string {
  return command.replace(/^canary /, '')
}
