import path from 'node:path'
import { UsageError } from '../model/errors.js'
import { readTextFile, whyUnreadable } from '../operations/text-file.js'
import type { FileSettings } from '../model/setting-names.js'

const DEFAULT_FILE = 'canary.yaml'
const MAX_BYTES = 256 * 1024

/**
 * Settings for one app from `canary.yaml` in the working directory, or from the file CANARY_CONFIG names:
 * `defaults:`, and over them `apps.<app>:`. Keys are flag names, in kebab or camel case. No file, no
 * settings; a file named by CANARY_CONFIG must be there. Throws UsageError with the line of what is wrong.
 */
export async function readConfigFile(
  app: string | undefined,
  cwd: string,
  env: Record<string, string | undefined>,
): Promise<FileSettings> {
  const named = env.CANARY_CONFIG
  const file = path.resolve(cwd, named || DEFAULT_FILE)
  let text: string
  try {
    text = await readTextFile(file, MAX_BYTES)
  } catch (error) {
    const { why, isMissing } = whyUnreadable(error)
    if (isMissing && !named) return {}
    throw new UsageError(`The file ${file} ${why}.`, {
      state: 'Nothing was changed.',
      nextSteps: [named ? 'correct or unset CANARY_CONFIG' : 'correct or remove the file'],
      cause: error,
    })
  }
  // Loaded only for those who have a file: the YAML package costs start-up time.
  const { parseConfig } = await import('./config-yaml.js')
  const { defaults, apps } = parseConfig(text, named ?? DEFAULT_FILE)
  return { ...defaults, ...(app === undefined ? {} : apps[app]) }
}
