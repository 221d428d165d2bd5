import { canaryCommand, commented } from '../../model/command-line.js'
import { UsageError } from '../../model/errors.js'
import { readTextFile, whyUnreadable } from '../../lib/text-file.js'
import { type ParseOptions, parseRunbook } from './parse.js'
import type { Runbook } from '../runbook.js'

const MAX_BYTES = 1024 * 1024

/** Reads a runbook of at most 1 MiB. Throws UsageError with everything that is wrong with it. */
export async function loadRunbook(file: string, options: Omit<ParseOptions, 'file'> = {}): Promise<Runbook> {
  let text: string
  try {
    text = await readTextFile(file, MAX_BYTES)
  } catch (error) {
    const { why, isMissing } = whyUnreadable(error)
    throw new UsageError(`The runbook ${file} ${why}.`, {
      state: 'Nothing was changed.',
      nextSteps: [
        isMissing
          ? commented(canaryCommand(['runbook', 'init']), 'prints a template')
          : 'name a YAML file that holds a runbook',
      ],
      cause: error,
    })
  }
  return parseRunbook(text, { ...options, file })
}

/** Values of variables from `name=value` texts; later ones win. Throws UsageError for any other text. */
export function parseVars(texts: string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
      throw new UsageError(`Invalid --var "${text}": expected name=value.`, {
        state: 'Nothing was changed.',
        nextSteps: ['--var name=value'],
      })
    }),
  )
}
