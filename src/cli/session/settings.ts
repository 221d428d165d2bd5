import type { NamedCluster } from '../../model/command-line.js'
import { readConfigFile } from './config-file.js'
import { parseDuration } from '../../lib/durations.js'
import { parseHeaders } from '../flags/headers.js'
import {
  type Given,
  parseAllowance,
  parseHttpProxy,
  parseRate,
  parseResolve,
  parseTolerance,
  readTls,
  textsOf,
  wrongSetting,
} from '../flags/probe-settings.js'
import type { Secrets } from '../../lib/secrets/secrets.js'
import type { FileSettings, SettingName } from '../../model/setting-names.js'
import type { Allowance } from '../../model/verify/verify-settings.js'
import { requireOwnWay } from './unnamed-config.js'
import { SCALE_MODES } from '../../rollout/plan/capacity/capacity.js'
import type { FailurePolicy, OperationSettings } from '../../operations/context.js'

/** What oclif parsed: flags as typed (or from the environment, or defaults), and which are only defaults. */
export interface ParsedFlags {
  flags: Partial<Record<SettingName, string | string[]>> & {
    config?: string
    'dry-run'?: boolean
    recover?: boolean
    'take-over'?: boolean
    'allow-overlap'?: boolean
    yes?: boolean
    'each-proxy'?: boolean
  }
  metadata: { flags: Record<string, { setFromDefault?: boolean } | undefined> }
}

const FAILURE_POLICIES = ['stop', 'abort', 'ask'] as const satisfies FailurePolicy[]

/** All settings of one run, checked: flag over environment over canary.yaml over default. */
export interface Settings {
  /** The cluster, also as commands to be pasted name it. */
  cluster: NamedCluster
  namespace?: string
  /** Canary headers for `start`; undefined if none were given. */
  canaryHeaders?: Record<string, string>
  /** Length of an analysis, if there is one. */
  durationMs: number
  /** Path of the file that gets the events. */
  events?: string
  /** The settings file, and the settings taken from it; undefined if there are none. */
  config?: { file: string; names: SettingName[] }
  /** Skip confirmations. */
  yes: boolean
  operation: OperationSettings
}

export interface SettingsSources {
  cwd: string
  env: Record<string, string | undefined>
  /** Gets the values of headers and of variables read, to mask them. */
  secrets: Secrets
  /** Canary's own. */
  version: string
}

/**
 * Resolves and checks the settings for one app; those of a runbook go over those of canary.yaml. Throws UsageError that names
 * the flag, variable or line.
 */
export async function resolveSettings(
  app: string | undefined,
  parsed: ParsedFlags,
  { cwd, env, secrets, version }: SettingsSources,
  runbook: FileSettings = {},
): Promise<Settings> {
  const config = await readConfigFile(app, parsed.flags.config ?? env.CANARY_CONFIG, cwd)
  const file = { ...config.settings, ...runbook }
  const pick = (name: SettingName) => pickSetting(name, parsed, file)
  const text = (name: SettingName) => {
    const found = pick(name)
    return Array.isArray(found?.value) ? found.value.at(-1) : found?.value
  }
  const headers = (name: SettingName) => {
    const found = pick(name)
    if (!found) return undefined
    if (name === 'header') return parseHeaders(textsOf(found), found.source, 'canary')
    return parseHeaders(textsOf(found), found.source, 'probe', env)
  }
  const names = Object.keys(config.settings) as SettingName[]
  const allow = parseAllowance({ env: pick('allow-env'), request: pick('allow-request') })
  const verify = pick('set-verify')
  const setVerify = textsOf(verify)
  requireOwnWay(headersOfCaller(pick('probe-header'), allow, verify), {
    'proxy-url': pick('proxy-url'),
    resolve: pick('resolve'),
    host: pick('host'),
  })
  const probeHeaders = headers('probe-header') ?? {}
  learnSecrets(probeHeaders, setVerify, secrets)
  const { flags } = parsed
  return {
    cluster: {
      kubeContext: text('kube-context'),
      kubeconfig: text('kubeconfig'),
      isKnownToCanary: flags['kube-context'] === undefined && flags.kubeconfig === undefined,
    },
    namespace: text('namespace'),
    canaryHeaders: headers('header'),
    durationMs: durationOf(pick('duration'), 30_000, 100),
    events: text('events'),
    config: config.file !== undefined && names.length > 0 ? { file: config.file, names } : undefined,
    yes: flags.yes ?? false,
    operation: {
      probes: {
        proxyUrl: proxyUrl(pick('proxy-url')),
        connection: {
          host: text('host'),
          resolve: parseResolve(pick('resolve')),
          tls: await readTls({ ca: pick('ca-file'), cert: pick('cert-file'), key: pick('key-file') }),
          httpProxy: parseHttpProxy(pick('http-proxy')),
        },
        headers: probeHeaders,
        rate: parseRate(pick('probe-rate')),
        timeoutMs: durationOf(pick('verify-timeout'), 60_000, 100),
        userAgent: `canary/${version}`,
        eachProxy: flags['each-proxy'],
        tolerance: parseTolerance(pick('tolerance')),
        setVerify: verify?.isUnnamed ? [] : setVerify,
        defaultVerify: verify?.isUnnamed ? setVerify : [],
        allow,
        env: (name) => {
          const value = env[name]
          if (value !== undefined) secrets.add(value)
          return value
        },
      },
      podTimeoutMs: durationOf(pick('timeout'), 300_000),
      dryRun: flags['dry-run'] ?? false,
      recover: flags.recover ?? false,
      takeOver: flags['take-over'] ?? false,
      allowOverlap: flags['allow-overlap'] ?? false,
      waitForLockMs: durationOf(pick('wait-for-lock'), 0),
      scale: oneOf(pick('scale'), SCALE_MODES),
      onFailure: oneOf(pick('on-failure'), FAILURE_POLICIES) ?? 'ask',
    },
  }
}

/** The flag that sends the caller's own headers; undefined if none does. */
function headersOfCaller(header: Given | undefined, allow: Allowance, verify?: Given): string | undefined {
  if (header && !header.isUnnamed) return '--probe-header'
  if (allow.env.length > 0) return '--allow-env'
  const isSet = textsOf(verify).some((text) => text.includes('headers'))
  return isSet && !verify?.isUnnamed ? '--set-verify' : undefined
}

/** Notes what may be secret in the caller's flags and variables, before an error can quote it. */
function learnSecrets(headers: Record<string, string>, setVerify: string[], secrets: Secrets): void {
  secrets.addHeaders(headers)
  for (const text of setVerify) {
    const [, value] = /^[^=]*headers[^=]*=(.*)$/s.exec(text) ?? []
    if (value !== undefined) secrets.add(value)
  }
}

/** The line that names the settings file: `settings  canary.yaml (namespace, host)`. */
export function configNote(settings: Settings[]): string | undefined {
  const [first, ...others] = settings.flatMap(({ config }) => config ?? [])
  const names = new Set([first, ...others].flatMap((config) => config?.names ?? []))
  return first && `settings  ${first.file} (${[...names].join(', ')})`
}

function pickSetting(
  name: SettingName,
  { flags, metadata }: ParsedFlags,
  file: FileSettings,
): Given | undefined {
  const value = flags[name]
  const typed = value !== undefined && !metadata.flags[name]?.setFromDefault
  if (typed) return { value, source: `--${name}` }
  return file[name] ?? (value === undefined ? undefined : { value, source: `--${name}` })
}

/** Longer is a typing error; from 24.8 days on a timer would fire at once. */
const LONGEST_MS = 24 * 3_600_000

/** Milliseconds of a setting; throws UsageError unless it is a duration of at most 24h. */
export function durationOf(picked: Given | undefined, byDefault: number, shortestMs = 0): number {
  if (!picked) return byDefault
  const text = String(picked.value)
  const milliseconds = parseDuration(text)
  if (milliseconds !== undefined && (milliseconds < shortestMs || milliseconds > LONGEST_MS)) {
    const from = shortestMs === 0 ? '0' : `${shortestMs}ms`
    throw wrongSetting(picked, `"${text}" is out of range`, `give a duration from ${from} to 24h`)
  }
  if (milliseconds !== undefined) return milliseconds
  throw wrongSetting(
    picked,
    `"${text}" is not a duration`,
    'write it as a number with a unit, like 90s, 5m or 1m30s',
  )
}

function oneOf<T extends string>(picked: Given | undefined, words: readonly T[]): T | undefined {
  if (!picked) return undefined
  const found = words.find((word) => word === picked.value)
  if (found) return found
  throw wrongSetting(
    picked,
    `invalid value "${String(picked.value)}" (expected ${words.join(', ')})`,
    `give one of ${words.join(', ')}`,
  )
}

function proxyUrl(picked: Given | undefined): string | undefined {
  if (!picked) return undefined
  const text = String(picked.value)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.username) {
    return url.origin
  }
  throw wrongSetting(
    picked,
    `"${text}" is not the origin of a proxy`,
    'give scheme, host and port only, like http://127.0.0.1:8080',
  )
}
