import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { abort } from '../../../../src/operations/abort.js'
import { start } from '../../../../src/operations/start.js'
import { modelled } from '../../../support/model-cluster/context.js'
import { CHART } from '../../../support/model-cluster/render.js'
import { SEED } from '../../rollout/seed-values.js'
import { failureOf } from '../../../support/failure-of.js'

/** A release whose chart has a file that can't be zipped. */
function withFile(kib: number, dryRun = false) {
  const model = modelled(undefined, { context: { dryRun } })
  const file = { name: 'dashboards/all.json', data: randomBytes(kib * 1024).toString('base64') }
  model.cluster.add(SEED[1], 'deployed', { ...CHART, files: [file] })
  return model
}

const v2 = { app: 'echo', version: 'v2', deployOnly: false }

describe("a record that does not fit into Kubernetes' 1 MiB", () => {
  test.each([false, true])('is found before anything is changed (dry run: %s)', async (dryRun) => {
    const { context, cluster } = withFile(800, dryRun)
    const failure = await failureOf(start(context, v2))
    expect(failure).toMatchObject({ exitCode: 2, state: 'Nothing was changed.' })
    expect(failure.message).toMatch(
      /record of the next revision of echo needs 1,\d+ KiB; Kubernetes allows 1,024 KiB/,
    )
    expect(failure.details).toContain('chart file dashboards/all.json: 800 KiB')
    expect(failure.nextSteps.join('\n')).toContain('canary upgrade echo --chart CHART')
    expect(cluster.revisions).toHaveLength(1)
  })

  test('one that just fits is made', async () => {
    const { context } = withFile(700)
    expect((await start(context, v2)).stage).toMatchObject({ name: 'header' })
  })

  test('does not keep requests from going back to the primary', async () => {
    const { context, cluster } = withFile(800)
    cluster.add(SEED[3], 'deployed', cluster.revisions[0]!.chart)
    await failureOf(abort(context, { app: 'echo' }))
    expect(cluster.revisions.at(-1)!.config.routes).not.toHaveProperty('canary')
  })
})
