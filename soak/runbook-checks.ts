import { isDeepStrictEqual } from 'node:util'
import { stageOf } from '../src/rollout/stage/stage.js'
import type { Place, RunbookBench } from './runbook-bench.js'
import { orphansOf, type RecordedRevision, revisionsOf } from './release.js'

type Line = Record<string, unknown>

/** What is not as it must be once a killed run was gone on with, in all clusters; `before`: the journal at each kill. */
export async function problemsAfter(bench: RunbookBench, before: string[]): Promise<string[]> {
  const journal = await bench.journalText()
  const lines = linesOf(journal)
  const problems = journalProblems(before, journal)
  const ran = await bench.ran()
  for (const { cluster, app } of bench.places) {
    const line = `${cluster} ${app} ${bench.version}`
    if (!ran.includes(line)) problems.push(`the command of the runbook was not run: ${line}`)
  }
  const found = await Promise.all(bench.places.map((place) => placeProblems(place, bench.version, lines)))
  return [...problems, ...found.flat()]
}

/** All lines are JSON of the journal's form, and whatever stood there whole at a kill still does. */
function journalProblems(before: string[], after: string): string[] {
  const lost = before.filter((text) => !after.startsWith(text.slice(0, text.lastIndexOf('\n') + 1)))
  const problems = lost.map(() => 'the journal lost lines')
  if (!after.endsWith('\n')) problems.push('the journal ends in the middle of a line')
  const texts = after.split('\n').filter(Boolean)
  const ids = new Set<unknown>()
  for (const [index, text] of texts.entries()) {
    const line = parsed(text)
    ids.add(line?.runId)
    const fields = [line?.time, line?.runId, line?.type]
    if (line?.v !== 1 || !fields.every((field) => typeof field === 'string')) {
      problems.push(`line ${index + 1} of the journal is no event: ${text.slice(0, 80)}`)
    }
  }
  if (ids.size !== 1) problems.push(`the journal has lines of ${ids.size} runs`)
  const last = parsed(texts.at(-1) ?? '')
  if (last?.type !== 'run-ended' || last.outcome !== 'done') {
    problems.push(`the journal ends with ${last?.type as string}, ${last?.outcome as string}`)
  }
  return problems
}

async function placeProblems(place: Place, version: string, journal: Line[]): Promise<string[]> {
  const { arena, app, cluster } = place
  const [revisions, orphans, told] = await Promise.all([
    revisionsOf(arena, app),
    orphansOf(arena, app),
    toldProblems(place, version),
  ])
  const problems = [...orphans.map((orphan) => `orphan ${orphan}`), ...told]
  const newest = revisions.at(-1)
  const stage = newest && stageOf(newest.config)
  if (newest?.status !== 'deployed' || !isDeepStrictEqual(stage, stable(version))) {
    problems.push(`revision ${newest?.revision} is ${newest?.status}: ${JSON.stringify(stage)}`)
  }
  const ofRun = revisions.filter(({ status, description }) => {
    return ['deployed', 'superseded'].includes(status) && description.includes(`(run ${runIdOf(journal)}, `)
  })
  problems.push(...madeTwice(ofRun))
  const verified = journal.filter((line) => {
    return line.type === 'verified' && line.verdict === 'pass' && line.app === app && line.cluster === cluster
  })
  for (const { revision, config } of ofRun) {
    // A stage as JSON has it: without fields that are undefined.
    const was: unknown = JSON.parse(JSON.stringify(stageOf(config)))
    if (!verified.some((line) => isDeepStrictEqual(line.stage, was))) {
      problems.push(`revision ${revision} was never verified: ${JSON.stringify(was)}`)
    }
  }
  return problems.map((problem) => `${cluster}/${app}: ${problem}`)
}

/** Steps that came into effect more than once, by what Helm's descriptions say of command, step and run. */
function madeTwice(inEffect: RecordedRevision[]): string[] {
  const made = inEffect.map(({ description }) => description.replace(/ \(by .*/, ''))
  return made
    .filter((description, index) => made.indexOf(description) !== index)
    .map((description) => `made twice: ${description}`)
}

/** What canary itself says of the app. */
async function toldProblems({ arena, app }: Place, version: string): Promise<string[]> {
  const [status, history] = await Promise.all([
    arena.canary(['status', app, '--json']),
    arena.canary(['history', app, '--limit', '1', '--json']),
  ])
  const problems: string[] = []
  const stage = parsed(status.stdout)?.stage
  if (!isDeepStrictEqual(stage, stable(version))) {
    problems.push(`canary status says ${JSON.stringify(stage)} (exit ${status.code})`)
  }
  const entries = parsed(history.stdout)?.entries as Line[] | undefined
  const proof = entries?.at(-1)?.proof
  if (proof !== 'pass') problems.push(`canary history says of the deployed revision: ${String(proof)}`)
  return problems
}

function stable(primary: string) {
  return { name: 'stable', primary }
}

function runIdOf(journal: Line[]): string {
  return String(journal[0]?.runId)
}

function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    const one = parsed(line)
    return one ? [one] : []
  })
}

function parsed(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}
