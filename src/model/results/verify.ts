import type { Stage } from '../stage.js'
import type { Analysis } from './analysis.js'
import type { StageProof } from '../verify/expectation.js'

/** One raw answer and what canary read from it. */
export interface ExplainedAnswer {
  kind: 'regular' | 'canary'
  path: string
  proxy?: string
  /** The request: method, path, headers (secrets are masked on the way out). */
  request: { method: string; path: string; headers: Record<string, string> }
  answer?: { status: number; headers: Record<string, string>; body: string }
  /** Why there was no answer. */
  failure?: string
  /** Whether nothing took the connection, or it was closed at once. */
  refused?: true
  elapsedMs: number
  /** What each rule for the version read from it, in order: `verify.version.header x-app-version` → v2, or nothing. */
  readings: { rule: string; version?: string; used: boolean }[]
  /** What the answer counts as: `version v2`, `no version`, `error: http 503 (no healthy upstream)`. */
  countsAs: string
}

/** The verified stage, and the next commands. */
export interface VerifiedApp {
  app: string
  namespace: string
  stage: Stage
  revision: number
  next: string[]
  undo?: string
}

/** Of `canary verify`. */
export interface VerifyResult extends VerifiedApp {
  proof: StageProof
}

/** Of `canary verify --analyze`. */
export interface AnalysisResult extends VerifiedApp {
  analysis: Analysis
}

/** Of `canary verify --explain`. */
export interface ExplainResult {
  app: string
  namespace: string
  revision: number
  stage: Stage
  answers: ExplainedAnswer[]
}
