/** One setting of canary.yaml, its place kept for messages. */
export interface FileSetting {
  value: string | string[]
  /** `canary.yaml, line 3`. */
  source: string
  /** True for one of a canary.yaml that was found in the working directory: nobody said that it be used. */
  isUnnamed?: true
}

export type FileSettings = Partial<Record<SettingName, FileSetting>>

/** The flags a file may give defaults for. */
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
