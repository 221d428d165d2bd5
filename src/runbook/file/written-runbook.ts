import type { OnFailure, Weekday } from '../runbook.js'
import type { VariableDeclaration } from './variables.js'

/** A runbook as it is written, of the form that the schema describes; variables and values of headers are text. */
export interface FileData {
  name?: string
  vars?: Record<string, VariableDeclaration | null>
  defaults?: SettingsData
  windows?: Record<string, WindowData>
  clusters?: Record<string, ClusterData>
  waves?: WaveData[]
  apps: Record<string, SettingsData>
  onFailure?: OnFailure
  steps?: (StepData | 'finish' | 'abort' | 'verify')[]
  rollout?: RolloutData
}

export type SettingValue = string | number | string[] | Record<string, string>
export type SettingsData = Record<string, SettingValue> | null

export interface WindowData {
  days?: Weekday[]
  from: string
  to: string
  overnight?: boolean
  tz: string
}

export interface ClusterData {
  context: string
  kubeconfig?: string
  after?: string | string[]
  [setting: string]: SettingValue | undefined
}

export interface WaveData {
  name?: string
  apps: string[]
  parallel?: NumberData
  failFast?: boolean
}

/** A whole number may come out of a variable. */
export type NumberData = number | string
export type AnalysisData = boolean | string

export interface VerifyData {
  tolerance?: NumberData
  paths?: string[]
  rate?: NumberData
  timeout?: string
}

export interface StartData {
  version: string
  image?: string
  headers?: Record<string, string>
  deployOnly?: boolean
  shadow?: NumberData
  versionValues?: string
}

/** One of the words, and what may stand beside it. */
export interface StepData {
  install?: string | { version: string; image?: string; chart?: string; values?: string[] }
  start?: string | StartData
  shift?: NumberData
  finish?: { jump?: boolean } | null
  abort?: object | null
  pause?: string | { for: string; watch?: boolean }
  approve?: string | { id?: string; message?: string; by?: 'other' | 'anyone'; timeout?: string } | null
  run?: string | { command: string; timeout?: string }
  /** The step's word where there is no other. */
  verify?: (VerifyData & { analyze?: AnalysisData }) | null
  id?: string
  name?: string
  when?: {
    window?: string
    cluster?: string | string[]
    app?: string | string[]
    var?: Record<string, string>
  }
  timeout?: string
  analyze?: AnalysisData
}

export interface RolloutData {
  to: string
  image?: string
  headers?: Record<string, string>
  weights: NumberData[]
  pause?: string
  analyze?: AnalysisData
  verify?: VerifyData
}
