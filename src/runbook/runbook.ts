import type { FileSettings } from '../model/setting-names.js'

/** Place in the file, both from 1. */
export interface Position {
  line: number
  column: number
}

/** A runbook as checked: variables put in, defaults filled in. */
export interface Runbook {
  /** What the rollout is called, for people. */
  name?: string
  /** What messages call the file. */
  file: string
  /** Values of the variables by name; the environment of `run` steps has them too. */
  vars: Record<string, string>
  /** Names of the variables whose values come from the environment, and may be secret. */
  exported: string[]
  /** Each after those it waits for. One without a name if the file names none: the cluster of the flags. */
  clusters: RunbookCluster[]
  /** In order; all of a wave is done in a cluster before the next begins there. */
  waves: RunbookWave[]
  /** Undefined: as the settings say. */
  onFailure?: OnFailure
  /** In order, the same for all apps except for `when`. */
  steps: RunbookStep[]
}

/** After a failed step: stop there, roll back to the stable stage, or ask (off a terminal: stop). */
export type OnFailure = 'stop' | 'abort' | 'ask'

export interface RunbookCluster {
  /** Undefined for the one cluster of a file that names none. */
  name?: string
  /** Context of the kubeconfig. */
  context?: string
  kubeconfig?: string
  /** Names of the clusters that must be done before. */
  after: string[]
  position: Position
}

export interface RunbookWave {
  name: string
  apps: RunbookApp[]
  /** How many of its apps roll out at a time, 1 or more. */
  parallel: number
  /** After a failure no further app of the wave starts. */
  failFast: boolean
  position: Position
}

export interface RunbookApp {
  /** The Helm release. */
  name: string
  /** Settings as a canary.yaml has them: by cluster name ('' for the one without), the app's over the cluster's over the file's `defaults`. */
  settings: Record<string, FileSettings>
  position: Position
}

/** Times of the week in which something may be done. */
export interface Window {
  name: string
  /** The days on which it opens. */
  days: Weekday[]
  /** Minutes since midnight, 0..1439. */
  from: number
  /** Minutes since midnight, 1..1440: when it closes. On the next day if not more than `from`. */
  to: number
  /** IANA name, like Europe/Berlin. */
  timeZone: string
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** What all steps have. */
interface StepBase {
  /** Unique in the file; given, or derived from the step (`shift-25`). */
  id: string
  /** For people. */
  name?: string
  when: StepCondition
  /**
   * Milliseconds: for the pods of a step that changes the app, for the command of `run`, for the answer to `approve`.
   * Undefined: the default.
   */
  timeoutMs?: number
  /** Overrides the settings of the app for the verifications of this step. */
  verify: StepVerify
  /** Compares the canary's errors and latency with the primary's before the share rises, or with `verify`. */
  analyze?: Analysis
  position: Position
}

/** All must hold. The step waits for its window; the others skip it. */
export interface StepCondition {
  window?: Window
  /** Names of clusters; undefined: any. */
  clusters?: string[]
  /** Names of apps; undefined: any. */
  apps?: string[]
  /** Whether the variables have the values of `when.var`. */
  variablesMatch: boolean
}

export interface StepVerify {
  /** Half width of the band around a weight, 0..1. */
  tolerance?: number
  paths?: string[]
  /** Probes per second of each kind; 0: as fast as possible. */
  rate?: number
  timeoutMs?: number
}

export interface Analysis {
  /** Undefined: the app's setting `duration`. */
  durationMs?: number
}

export interface InstallStep extends StepBase {
  type: 'install'
  version: string
  image?: string
  /** As in the file: a path from its folder, or where the chart is published; undefined: the chart that comes with canary. */
  chart?: string
  /** Of a published chart. */
  chartVersion?: string
  /** Files with values, later ones winning; relative to the runbook's folder. */
  values: string[]
}

export interface StartStep extends StepBase {
  type: 'start'
  version: string
  image?: string
  /** Canary headers; undefined: those of the app's settings, else stage=canary. */
  headers?: Record<string, string>
  deployOnly: boolean
  /** Percent of the requests that the canary gets copies of; only with `deployOnly`. */
  shadow?: number
  /** File with settings of the version, relative to the runbook's folder. */
  versionValues?: string
}

export interface ShiftStep extends StepBase {
  type: 'shift'
  /** 0..100. */
  weight: number
}

export interface FinishStep extends StepBase {
  type: 'finish'
  /** Also from weight 0. */
  jump: boolean
}

export interface AbortStep extends StepBase {
  type: 'abort'
}

export interface VerifyStep extends StepBase {
  type: 'verify'
}

export interface PauseStep extends StepBase {
  type: 'pause'
  /** Counted from the release's last change. */
  durationMs: number
  /** Whether the stage is verified at a low rate meanwhile. */
  watch: boolean
}

export interface ApproveStep extends StepBase {
  type: 'approve'
  message: string
  /** The approver must not be who started the run, by the names that the API server reports. */
  by?: 'other'
}

export interface RunStep extends StepBase {
  type: 'run'
  /** For the shell, as written: no variables are put in; its environment has them and the stage. */
  command: string
}

export type RunbookStep =
  | InstallStep
  | StartStep
  | ShiftStep
  | FinishStep
  | AbortStep
  | VerifyStep
  | PauseStep
  | ApproveStep
  | RunStep

/** Whether a step applies to this app in this cluster; a window decides when, not whether. */
export function concerns({ when }: RunbookStep, app: string, cluster: string | undefined): boolean {
  if (!when.variablesMatch) return false
  if (when.apps && !when.apps.includes(app)) return false
  return !when.clusters || (cluster !== undefined && when.clusters.includes(cluster))
}
