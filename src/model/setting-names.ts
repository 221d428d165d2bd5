/** One setting of canary.yaml, its place kept for messages. */
export interface FileSetting {
  value: string | string[]
  /** `canary.yaml, line 3`. */
  source: string
  /** True if its canary.yaml was only found in the working directory, not named by the caller. */
  isUnnamed?: true
}

export type FileSettings = Partial<Record<SettingName, FileSetting>>

/** The flags for which a file may set defaults. */
export const SETTING_NAMES = [
  'namespace',
  'kube-context',
  'kubeconfig',
  'proxy-url',
  'host',
  'header',
  'probe-header',
  'probe-rate',
  'verify-timeout',
  'tolerance',
  'set-verify',
  'allow-env',
  'allow-request',
  'resolve',
  'ca-file',
  'cert-file',
  'key-file',
  'http-proxy',
  'duration',
  'timeout',
  'wait-for-lock',
  'on-failure',
  'events',
  'scale',
] as const

export type SettingName = (typeof SETTING_NAMES)[number]
