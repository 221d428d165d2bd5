import { UsageError } from '../../model/errors.js'
import type { FileSettings, SettingName } from '../../model/setting-names.js'
import type { Given } from '../flags/probe-settings.js'

// Anybody may have put a canary.yaml into the working directory: a pull request, or whoever shares the folder.

/** Settings that run programs, read or write files, redirect probes, or let values do so. */
const CALLERS_ALONE: SettingName[] = [
  'kubeconfig',
  'kube-context',
  'events',
  'ca-file',
  'cert-file',
  'key-file',
  'http-proxy',
  'allow-env',
  'allow-request',
]

/** Throws UsageError for the first setting that is accepted only from a file that the caller names. */
export function requireHarmless(settings: FileSettings): void {
  const alone = CALLERS_ALONE.find((name) => settings[name] !== undefined)
  if (alone !== undefined) throw needsName(settings[alone]!, alone)
  const header = settings['probe-header']
  if (header && [header.value].flat().some((text) => /^[^=]*=env:/.test(text)))
    throw needsName(header, 'probe-header with env:')
}

/**
 * Throws UsageError if a file that nobody named would decide who gets the caller's own headers: `headers` is the flag they
 * come from, `ways` are the settings that direct the probes.
 */
export function requireOwnWay(
  headers: string | undefined,
  ways: Partial<Record<SettingName, Given | undefined>>,
): void {
  const [name, given] = Object.entries(ways).find(([, way]) => way?.isUnnamed) ?? []
  if (headers === undefined || !given) return
  throw needsName(given, `${name} together with your ${headers}`)
}

function needsName({ source }: Pick<Given, 'source'>, what: string): UsageError {
  return new UsageError(
    `${source}: ${what} needs a file that you name: this one was found in the working directory.`,
    {
      state: 'Nothing was changed.',
      nextSteps: ['--config ./canary.yaml    (applies all of the file; also CANARY_CONFIG)'],
    },
  )
}

/** Owner and permissions of a file. */
export interface Owners {
  uid: number
  gid: number
  mode: number
}

/**
 * Why a file is not used unless named, a clause after its name; undefined if only the user or root may write it. The user's
 * own group counts as the user: many systems give each user a group with write permission.
 */
export function whyNotTrusted(file: Owners, user: { uid: number; gid: number }): string | undefined {
  if (file.uid !== user.uid && file.uid !== 0) return `belongs to another user (uid ${file.uid})`
  const othersWrite = (file.mode & 0o002) !== 0
  const groupWrites = (file.mode & 0o020) !== 0 && file.gid !== user.gid && file.gid !== 0
  if (!othersWrite && !groupWrites) return undefined
  const mode = (file.mode & 0o777).toString(8).padStart(4, '0')
  return `is writable by ${othersWrite ? 'everybody' : `the group ${file.gid}`} (mode ${mode})`
}
