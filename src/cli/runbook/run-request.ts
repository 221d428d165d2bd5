import path from 'node:path'
import { repeatedCommand, withoutFlags } from '../../model/command-text.js'
import type { Secrets } from '../../lib/secrets/secrets.js'
import type { RunIdentity } from '../../runbook/run/app-context.js'
import { runIdOf } from '../../runbook/steps/run-id.js'
import { loadRunbook, parseVars } from '../../runbook/file/load.js'
import type { Runbook } from '../../runbook/runbook.js'
import type { Output } from '../output/output.js'
import type { ParsedFlags } from '../session/settings.js'

export interface RunRequest {
  runbook: Runbook
  identity: RunIdentity
  /** The runbook's path as given; undefined without a file. */
  file?: string
  /** The only apps to run; undefined: all. */
  only?: string[]
  /** The last step to be done. */
  until?: string
  /** Why, by the id of the step that is approved. */
  approve: Map<string, string>
  noWait: boolean
  parsed: ParsedFlags
}

/** The flags of commands that take a runbook. */
type RunFlags = ParsedFlags & {
  flags: { var?: string[]; only?: string[]; until?: string; approve?: string[]; 'no-wait'?: boolean }
}

/** Reads a runbook; values that its variables take from the environment become secrets. Throws UsageError. */
export function readRunbook(file: string, vars: string[] = [], secrets: Secrets): Promise<Runbook> {
  const hide = (value: string) => {
    for (const line of value.split(/\r?\n/)) secrets.add(line)
  }
  return loadRunbook(file, { vars: parseVars(vars), env: process.env, hide })
}

/** Reads the runbook and the command line; `argv` are its words. Throws UsageError. */
export async function requestOf(
  file: string,
  parsed: RunFlags,
  argv: string[],
  { secrets }: Pick<Output, 'secrets'>,
): Promise<RunRequest> {
  const runbook = await readRunbook(file, parsed.flags.var, secrets)
  const name = runbook.name ?? path.basename(file).replace(/\.ya?ml$/, '')
  return { ...requestFor(runbook, name, ['run', ...argv], parsed), file }
}

/** A run of these steps under a name; `words` are the command's, without `canary`. */
export function requestFor(runbook: Runbook, name: string, words: string[], parsed: RunFlags): RunRequest {
  const { flags } = parsed
  return {
    runbook,
    identity: {
      name,
      id: runIdOf(runbook),
      command: repeatedCommand(words),
      onward: repeatedCommand(withoutFlags(words, { valued: /^--until$/ })),
    },
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
