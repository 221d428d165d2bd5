import { lstat } from 'node:fs/promises'
import path from 'node:path'
import { CanaryError, UsageError } from '../../model/errors.js'
import { shellWord } from '../../lib/shell-word.js'
import { readTextFile, whyUnreadable } from '../../lib/text-file.js'
import type { FileSettings, SettingName } from '../../model/setting-names.js'
import { type Owners, requireHarmless, whyNotTrusted } from './unnamed-config.js'

const DEFAULT_FILE = 'canary.yaml'
const MAX_BYTES = 256 * 1024

/** Settings of one app from a file. */
export interface ConfigFile {
  /** As it was named; undefined if there is none. */
  file?: string
  settings: FileSettings
}

/**
 * Settings of one app from the file `named` (by --config, CANARY_CONFIG), else from `canary.yaml` in the
 * working directory: `defaults:`, and over them `apps.<app>:`. Keys are flag names, in kebab or camel case. A named file
 * must be there. One that nobody named must be the user's or root's alone, and may set nothing that runs, reads or writes
 * elsewhere. Throws UsageError with the line of what is wrong.
 */
export async function readConfigFile(
  app: string | undefined,
  named: string | undefined,
  cwd: string,
): Promise<ConfigFile> {
  const file = path.resolve(cwd, named || DEFAULT_FILE)
  let text: string
  try {
    if (!named) requireTrusted(file, await lstat(file))
    text = await readTextFile(file, MAX_BYTES, named ? undefined : (stats) => requireTrusted(file, stats))
  } catch (error) {
    if (error instanceof CanaryError) throw error
    const { why, isMissing } = whyUnreadable(error)
    if (isMissing && !named) return { settings: {} }
    throw new UsageError(`The file ${file} ${why}.`, {
      state: 'Nothing was changed.',
      nextSteps: [named ? 'correct --config (or CANARY_CONFIG)' : 'correct or remove the file'],
      cause: error,
    })
  }
  // Loaded only for those who have a file: the YAML package costs start-up time.
  const { parseConfig } = await import('./config-yaml.js')
  const { defaults, apps } = parseConfig(text, named || DEFAULT_FILE)
  const settings = { ...defaults, ...(app === undefined ? {} : apps[app]) }
  if (named) return { file: named, settings }
  requireHarmless(settings)
  return { file: DEFAULT_FILE, settings: unnamed(settings) }
}

function unnamed(settings: FileSettings): FileSettings {
  const entries = Object.entries(settings) as [SettingName, { value: string | string[]; source: string }][]
  return Object.fromEntries(entries.map(([name, setting]) => [name, { ...setting, isUnnamed: true }]))
}

/** Windows has no such owners; a symbolic link has an owner, but no permissions of its own. */
function requireTrusted(file: string, stats: Owners & { isSymbolicLink(): boolean }): void {
  if (!process.getuid || !process.getgid) return
  const { uid, gid } = stats
  const mode = stats.isSymbolicLink() ? 0 : stats.mode
  const why = whyNotTrusted({ uid, gid, mode }, { uid: process.getuid(), gid: process.getgid() })
  if (why === undefined) return
  throw new UsageError(`The file ${file} is not used: it ${why}.`, {
    state: 'Nothing was changed.',
    nextSteps: [
      `chmod go-w ${shellWord(file)}    (if it is yours)`,
      `--config ${shellWord(file)}    (uses it anyway)`,
    ],
  })
}
