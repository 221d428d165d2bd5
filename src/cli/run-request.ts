import path from 'node:path'
import { runIdOf } from '../runbook/identity.js'
import { loadRunbook, parseVars } from '../runbook/load.js'
import type { Runbook } from '../runbook/runbook.js'
import type { RunRequest } from './run-world.js'
import type { ParsedFlags } from './settings.js'

/** What the commands that take a runbook may have been given. */
type RunFlags = ParsedFlags & {
  flags: { var?: string[]; only?: string[]; until?: string; approve?: string[]; 'no-wait'?: boolean }
}

/** Reads the runbook and what the command line says of it. Throws UsageError. */
export async function requestOf(file: string, parsed: RunFlags): Promise<RunRequest> {
  const { flags } = parsed
  const texts = flags.var ?? []
  const runbook = await loadRunbook(file, { vars: parseVars(texts), env: process.env })
  const words = ['run', file, ...texts.flatMap((text) => ['--var', text])]
  for (const app of flags.only ?? []) words.push('--only', app)
  const name = path.basename(file).replace(/\.ya?ml$/, '')
  return { ...requestFor(runbook, name, words, parsed), file }
}

/** A run of these steps, called by a name; `words` are the command's, without `canary`. */
export function requestFor(runbook: Runbook, name: string, words: string[], parsed: RunFlags): RunRequest {
  const { flags } = parsed
  const command = ['canary', ...words].map(shellWord).join(' ')
  return {
    runbook,
    identity: { name, id: runIdOf(runbook), command },
    only: flags.only,
    until: flags.until,
    approve: new Map((flags.approve ?? []).map(approvalOf)),
    noWait: flags['no-wait'] ?? false,
    parsed,
  }
}

/** `qa`, or with a reason `qa=checked by hand`. */
function approvalOf(text: string): [string, string] {
  const at = text.indexOf('=')
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
