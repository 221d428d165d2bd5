import type { Step } from '../../model/plan.js'

/** A revision's description that canary wrote. */
export interface DescribedStep {
  /** The command as typed, without `canary`: `shift echo 50`. */
  command: string
  /** What this step did. */
  title: string
  /** `user@host`; missing in older descriptions. */
  who?: string
  /** The run of a runbook, and the id of its step. */
  run?: { id: string; step: string }
  /** The reason for skipping the verification (`--unverified`). */
  unverified?: string
}

/** Characters; Helm would take more, but nobody would read it. */
const LONGEST_PART = 400
const LONGEST_WHO = 120

/** Control characters, line breaks, lone surrogates, and characters that change the direction of text. */
const BREAKS = /[\p{Cc}\p{Cs}\p{Z}\u202a-\u202e\u2066-\u2069]+/gu

const BY = / \(by ([^()]+)\)$/
const RUN = / \(run ([0-9a-f]+), step ([^() ]+)\)$/
const UNVERIFIED = /^canary ((?:abort|uninstall) [a-z0-9-]+) \(unverified: (.*)\): (.+)$/
const PLAIN = /^canary ([a-z]+ [a-z0-9-]+(?: .*?)?): (.+)$/

/**
 * Text of Helm's --description, one line: the command as typed, what this step of it did, and who ran it (`user@host`):
 * `canary shift echo 50: send 50 % of the regular requests to v2 (run 3f2a91c04b7d, step shift-50) (by ann@host)`.
 */
export function describeStep(
  command: string,
  step: Pick<Step, 'title'>,
  { who, run }: { who?: string; run?: { id: string; step: string } } = {},
): string {
  const by = who && cut(oneLine(who.replace(/[()]/g, '')), LONGEST_WHO)
  const ofRun = run ? ` (run ${run.id}, step ${run.step})` : ''
  return `canary ${cut(oneLine(command))}: ${cut(oneLine(step.title))}${ofRun}${by ? ` (by ${by})` : ''}`
}

/** The inverse of `describeStep`; undefined for a description that canary did not write. */
export function parseDescription(text: string): DescribedStep | undefined {
  const who = BY.exec(text)?.[1]
  const ofRun = text.replace(BY, '')
  const [, id, step] = RUN.exec(ofRun) ?? []
  const run = id === undefined ? undefined : { id, step: step! }
  const rest = ofRun.replace(RUN, '')
  const made = { who, ...(run ? { run } : {}) }
  // A reason is free text, colons included; no title contains "): ".
  const [, aborted, unverified, removed] = UNVERIFIED.exec(rest) ?? []
  if (aborted !== undefined) return { command: aborted, title: removed!, ...made, unverified }
  const [, command, title] = PLAIN.exec(rest) ?? []
  return command === undefined ? undefined : { command, title: title!, ...made }
}

function oneLine(text: string): string {
  return text.replace(BREAKS, ' ').trim()
}

/** At most this many characters; a bracket at the end stays closed. */
function cut(text: string, longest = LONGEST_PART): string {
  const characters = [...text]
  if (characters.length <= longest) return text
  const end = text.endsWith(')') ? '…)' : '…'
  return characters.slice(0, longest - end.length).join('') + end
}
