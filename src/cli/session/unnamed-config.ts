import { UsageError } from '../../model/errors.js'
import type { FileSettings, SettingName } from '../../model/setting-names.js'
import type { Given } from '../flags/probe-settings.js'

// A canary.yaml that lies in the working directory may be anybody's: of a pull request, of whoever shares the folder.

/** What runs something, reads or writes files, goes elsewhere, or lets values do so. */
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

/** Throws UsageError for the first setting that a file applies only where the caller names it. */
export function requireHarmless(settings: FileSettings): void {
  const alone = CALLERS_ALONE.find((name) => settings[name] !== undefined)
  if (alone !== undefined) throw needsName(settings[alone]!, alone)
  const header = settings['probe-header']
  if (header && [header.value].flat().some((text) => /^[^=]*=env:/.test(text)))
    throw needsName(header, 'probe-header with env:')
}

/**
 * Throws UsageError where a file that nobody named would choose who gets the headers that the caller sends: `headers`
 * names the flag they come from, `ways` are the settings that lead the probes.
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
    `${source}: ${what} needs a file that you name: this one was only found in the folder.`,
    {
      state: 'Nothing was changed.',
      nextSteps: ['--config ./canary.yaml    (applies all of the file; also CANARY_CONFIG)'],
    },
  )
}

/** The parts of a file's status that say whose it is. */
export interface Owners {
  uid: number
  gid: number
  mode: number
}

/**
 * Why a file is not used unasked, a clause after its name; undefined where only the user or root may write it. The user's
 * own group counts as the user: many systems give each user one, and let it write.
 */
export function whyNotTrusted(file: Owners, user: { uid: number; gid: number }): string | undefined {
  if (file.uid !== user.uid && file.uid !== 0) return `belongs to another user (uid ${file.uid})`
  const othersWrite = (file.mode & 0o002) !== 0
  const groupWrites = (file.mode & 0o020) !== 0 && file.gid !== user.gid && file.gid !== 0
  if (!othersWrite && !groupWrites) return undefined
  const mode = (file.mode & 0o777).toString(8).padStart(4, '0')
  return `may be written by ${othersWrite ? 'everybody' : `the group ${file.gid}`} (mode ${mode})`
}
