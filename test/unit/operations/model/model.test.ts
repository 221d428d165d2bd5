import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { stageOf } from '../../../../src/rollout/stage/stage.js'
import { objectsOf } from '../../../support/model-cluster/render.js'
import { Play } from './play.js'
import { type Script, script } from './script.js'

// The model's manifests are JSON: reading them as YAML would take most of the time.
vi.mock('../../../../src/operations/observe/manifest.js', async (original) => ({
  ...(await original<object>()),
  parseManifest: objectsOf,
}))
// Files are read by the real clock, which the turns do not wait for.
vi.mock('../../../../src/operations/inputs/chart-folder.js', async (original) => ({
  ...(await original<object>()),
  chosenChart: () => Promise.resolve({ path: 'chart', name: 'gloo-app 0.1.0' }),
}))

let play: Play | undefined
vi.mock('../../../../src/lib/sleep.js', async (original) => ({
  ...(await original<object>()),
  sleep: (milliseconds: number, ...signals: AbortSignal[]) => play!.pause(milliseconds, signals),
}))

afterEach(() => {
  vi.restoreAllMocks()
  play = undefined
})

async function played(story: Script): Promise<Play> {
  play = new Play(story)
  const { turns } = play
  vi.spyOn(Date, 'now').mockImplementation(() => turns.now())
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

/** More of them, or others: MODEL_RUNS=5000 MODEL_SEED=2 npm test -- test/unit/operations/model */
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
