import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { stageOf } from '../../../../src/rollout/stage/stage.js'
import { chosenChart } from '../../../../src/operations/inputs/chart-folder.js'
import { modelled } from '../../../support/model-cluster/context.js'
import { Play } from './play.js'
import { type Script, script } from './script.js'

// Files are read by the real clock, which the turns do not wait for.
beforeAll(() => chosenChart(modelled().context))

async function played(story: Script): Promise<Play> {
  const play = new Play(story)
  await play.run()
  return play
}

/** Where an app must not be left: what is wrong with it, a line each. */
function leftovers({ world }: Play, story: Script): string[] {
  const { helm, kube } = world
  const newest = helm.records.at(-1)
  const wanted = Object.keys((newest?.config.deployment as object | undefined) ?? {})
    .sort()
    .join()
  const there = kube.versions().join()
  const stage = newest ? stageOf(newest.config).name : 'absent'
  const isAbort = story.ending === 'abort'
  return [
    ...(newest && newest.status !== 'deployed' ? [`revision ${newest.revision} is ${newest.status}`] : []),
    ...(stage === 'unknown' ? ['nobody knows the stage'] : []),
    ...(isAbort && !['stable', 'absent'].includes(stage) ? [`it is ${stage}`] : []),
    // A rollback that fails forgets what it had to remove: status tells of that, abort and finish remove it.
    ...(isAbort && there !== wanted ? [`there are ${there}, wanted ${wanted}`] : []),
  ]
}

/** More of them, or others: MODEL_RUNS=5000 MODEL_SEED=2 npm test -- test/unit/operations/stories */
const numRuns = Number(process.env.MODEL_RUNS ?? 300)
const seed = Number(process.env.MODEL_SEED ?? 1)

test(
  'whatever is done, in whatever order, whatever breaks: no rule is broken, and abort gets to the end',
  { timeout: 600_000 + numRuns * 1000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(script, async (story) => {
        const done = await played(story)
        expect([...done.rules.broken], done.account()).toEqual([])
        const outcome = await done.end()
        expect([...done.rules.broken], done.account()).toEqual([])
        expect(outcome, done.account()).toMatch(/^(done|conflict|usage|external: The pods)/)
        expect(leftovers(done, story), done.account()).toEqual([])
      }),
      { numRuns, seed },
    )
  },
)
