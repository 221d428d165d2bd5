import type { RunResult, AppPlan } from '../src/model/results/run.js'
import type { InitResult } from '../src/model/results/init.js'
import type { VerifyResult, AnalysisResult, ExplainResult } from '../src/model/results/verify.js'
import type { UninstallResult } from '../src/model/results/uninstall.js'
import type { DoctorResult } from '../src/model/results/doctor.js'
import type { ApproveResult, ListedRun } from '../src/model/results/runs.js'
import type { AppHistory } from '../src/model/results/history.js'
import type { AppStatus, AppSummary } from '../src/model/results/status.js'
import type { OperationResult } from '../src/model/results/change.js'
import type { SandboxView } from '../src/cli/sandbox/sandbox-texts.js'
import type { JsonObject } from '../src/model/values.js'
import type { ErrorDocument } from '../src/report/text/error-text.js'
import type { OrderedFault } from '../src/sandbox/faults.js'

/** Fields that commands with a cluster add to their result. */
interface Performed {
  /** Path of the canary.yaml whose settings were used; absent without one. */
  configFile?: string
  warnings: string[]
}

/** The result of a command that changes an app, or the plan of its dry run. */
export interface ChangeDocument extends OperationResult, Performed {}

/** The result of `canary run` and `canary rollout`. */
export interface RunDocument extends RunResult {
  /** Path of the run's journal. */
  journal?: string
  configFile?: string
}

/** The plan of a run. */
export interface RunPlanDocument {
  run: string
  runId: string
  apps: AppPlan[]
  configFile?: string
}

export interface StatusDocument extends AppStatus, Performed {}

/** `canary status` without an app. */
export interface AppsDocument extends Performed {
  apps: AppSummary[]
}

export interface VerifyDocument extends VerifyResult, Performed {}

/** `canary verify --analyze`. */
export interface AnalysisDocument extends AnalysisResult, Performed {}

/** `canary verify --explain`. */
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
  runs: { runs: ListedRun[] } & Performed
  'sandbox env': { KUBECONFIG: string; CANARY_SANDBOX_GATEWAY?: string }
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
  /** The values themselves, ready for Helm. */
  values: JsonObject
  verify: VerifyDocument | AnalysisDocument | ExplainDocument
  /** Instead of the result if a command fails. */
  error: { error: ErrorDocument; warnings: string[] }
}
