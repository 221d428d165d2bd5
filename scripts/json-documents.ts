import type { SandboxView } from '../src/cli/sandbox/sandbox-texts.js'
import type { JsonObject } from '../src/model/values.js'
import type { ApproveResult } from '../src/operations/approve.js'
import type { OperationResult } from '../src/operations/context.js'
import type { DoctorResult } from '../src/operations/doctor.js'
import type { UninstallResult } from '../src/operations/uninstall/uninstall.js'
import type { AppHistory } from '../src/operations/history.js'
import type { InitResult } from '../src/operations/init/init.js'
import type { WaitingRun } from '../src/operations/runs.js'
import type { AppStatus, AppSummary } from '../src/operations/status.js'
import type { AnalysisResult, ExplainResult, VerifyResult } from '../src/operations/verify.js'
import type { ErrorDocument } from '../src/report/text/error-text.js'
import type { RunResult } from '../src/runbook/run/run-result.js'
import type { AppPlan } from '../src/runbook/run/plan.js'
import type { OrderedFault } from '../src/sandbox/faults.js'

/** What a command that works on a cluster adds to its result. */
interface Performed {
  /** Path of the canary.yaml whose settings were used; absent where none was. */
  configFile?: string
  warnings: string[]
}

/** What a command that changes an app came to, or in a dry run would do. */
export interface ChangeDocument extends OperationResult, Performed {}

/** What `canary run` and `canary rollout` came to. */
export interface RunDocument extends RunResult {
  /** Path of the run's journal. */
  journal?: string
  configFile?: string
}

/** What a run would do. */
export interface RunPlanDocument {
  run: string
  runId: string
  apps: AppPlan[]
  configFile?: string
}

export interface StatusDocument extends AppStatus, Performed {}

/** Of `canary status` without an app. */
export interface AppsDocument extends Performed {
  apps: AppSummary[]
}

export interface VerifyDocument extends VerifyResult, Performed {}

/** Of `canary verify --analyze`. */
export interface CompareDocument extends AnalysisResult, Performed {}

/** Of `canary verify --explain`. */
export interface ExplainDocument extends ExplainResult, Performed {}

/**
 * The document that each command prints with `--json`, by the command's name; the schema is made of these types. Commands
 * that are not here print none of their own: `completion`, `help`.
 */
export interface Documents {
  abort: ChangeDocument
  approve: ApproveResult & Performed
  doctor: DoctorResult & Performed
  finish: ChangeDocument
  history: AppHistory & Performed
  import: ChangeDocument
  init: InitResult & { warnings: string[] }
  install: ChangeDocument
  rollout: RunDocument | RunPlanDocument
  run: RunDocument | RunPlanDocument
  'runbook graph': { file: string; mermaid: string }
  'runbook init': { app: string; version: string; runbook: string }
  'runbook lint': {
    file: string
    clusters: string[]
    waves: string[]
    apps: string[]
    steps: { id: string; type: string }[]
  }
  'runbook plan': RunPlanDocument
  runs: { runs: WaitingRun[] } & Performed
  'sandbox env': { KUBECONFIG: string }
  'sandbox fault': { faults: OrderedFault[] }
  'sandbox start': SandboxView
  'sandbox status': SandboxView | { running: false }
  'sandbox stop': { stopped: false } | { stopped: true; pid: number }
  shift: ChangeDocument
  start: ChangeDocument
  status: StatusDocument | AppsDocument
  undo: ChangeDocument
  uninstall: UninstallResult & Performed
  upgrade: ChangeDocument
  /** The values themselves, as Helm takes them. */
  values: JsonObject
  verify: VerifyDocument | CompareDocument | ExplainDocument
  /** In place of the result where a command fails. */
  error: { error: ErrorDocument; warnings: string[] }
}
