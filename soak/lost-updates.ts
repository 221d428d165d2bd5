import type { JsonObject } from '../src/model/values.js'
import { changeLine, diffValues, type ValueChange } from '../src/model/values-diff.js'
import type { RecordedRevision } from './release.js'

/**
 * Which values a step may change, by the words of its description (`canary COMMAND: STEP (by WHO)`); what the words
 * name is filled in for `$1`.
 */
const STEPS: { words: RegExp; owns: string[] }[] = [
  { words: /: deploy (\S+) beside /, owns: ['deployment.$1'] },
  { words: /: send requests with .+ to (\S+)/, owns: ['routes.canary'] },
  { words: /: send \d+ % of the regular requests to /, owns: ['routes.canary.weight'] },
  { words: /: make \S+ the primary and remove (\S+)/, owns: ['deployment.$1', 'routes'] },
  { words: /: send all requests back to /, owns: ['routes.canary'] },
  { words: /^canary abort .*: remove (\S+)/, owns: ['deployment.$1'] },
]

/**
 * What in a history was not the step that its description tells, a sentence each: an update lost shows as a value that
 * a later revision sets back without saying so. Revisions up to `from` are what was there before.
 */
export function lostUpdates(revisions: RecordedRevision[], from: number): string[] {
  const problems: string[] = []
  for (const [index, revision] of revisions.entries()) {
    const before = revisions[index - 1]
    if (revision.revision <= from || !before) continue
    const { description, config } = revision
    const back = /^Rollback to (\d+)/.exec(description)
    const origin = back ? revisions.find((other) => other.revision === Number(back[1])) : before
    const changes = diffValues(origin?.config ?? {}, config)
    const strange = back ? changes : changes.filter((change) => !isOwned(change, description))
    if (strange.length === 0 && weightFits(description, config)) continue
    problems.push(
      `revision ${revision.revision} ("${description}") changes what it does not tell: ${strange.map(changeLine).join(', ')}`,
    )
  }
  return problems
}

function isOwned({ path }: ValueChange, description: string): boolean {
  return STEPS.some(({ words, owns }) => {
    const match = words.exec(description)
    if (!match) return false
    return owns.some((owned) => {
      const whole = owned.replace('$1', match[1] ?? '')
      return path === whole || path.startsWith(`${whole}.`)
    })
  })
}

/** Whether the weight told is the weight in the values. */
function weightFits(description: string, config: JsonObject): boolean {
  const told = /: send (\d+) % of the regular/.exec(description)
  if (!told) return true
  const { canary } = config.routes as { canary?: { weight?: number } }
  return (canary?.weight ?? 0) === Number(told[1])
}
