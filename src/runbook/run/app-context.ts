import type { NamedCluster } from '../../model/command-line.js'
import type { EmitRun } from '../../model/run-events.js'
import type { OperationContext } from '../../operations/context.js'

export interface CommandRequest {
  /** Variables of the environment beside those of this process. */
  env: Record<string, string>
  /** Milliseconds until it is ended. */
  timeoutMs?: number
  signal: AbortSignal
  /** Called with each line that it prints. */
  line: (text: string) => void
}

/** What a run needs of the world, for one app. */
export interface AppContext {
  /** The context of the app's operations, in its cluster; the engine sets what its steps say over it. */
  context: OperationContext
  emit: EmitRun
  /** The app's cluster, as commands to be pasted name it. */
  cluster: NamedCluster
  /** Of the app's release, where it is said. */
  namespace?: string
  /** Of the app's settings, where they say some. */
  canaryHeaders?: Record<string, string>
  /** What the run is called, what stands for all that it does, and the command that goes on with it. */
  run: RunIdentity
  /** A path of the runbook, which is relative to its folder. */
  pathOf: (file: string) => string
  /** Runs a command by the shell; resolves with its exit code, throws ExternalError where it could not be run to its end. */
  runCommand: (command: string, request: CommandRequest) => Promise<number>
  /** Approvals given on the command line: why, by the step's id. */
  approved: ReadonlyMap<string, string>
  /** Asks somebody to approve; undefined where nobody is there. Resolves with false, too, when the signal comes. */
  askToApprove?: (question: string, signal: AbortSignal) => Promise<boolean>
  /** How long a analysis goes on where the step does not say, milliseconds. */
  analysisMs: number
  /** End with exit 8 in place of waiting for a window. */
  noWait: boolean
  /** The last step to be done; undefined: all are. */
  until?: string
  /** Aborted where another app failed: what waits ends at once, what changes the app ends its step. */
  stopping?: AbortSignal
}

export interface RunIdentity {
  /** What it is called, for people. */
  name: string
  /** The same for the same steps, variables and apps: what approvals and revisions are bound to. */
  id: string
  /** The same again: `canary run rollout.yaml --var to=v2 --until qa`. */
  command: string
  /** What goes on from where that ends: the same without `--until`. */
  onward: string
}

/** A run's command as others who want the app read it, without `canary`. */
export function lockCommand({ command }: RunIdentity): string {
  return command.replace(/^canary /, '')
}
