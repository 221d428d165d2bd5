import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { type Arena, startArena } from '../../soak/arena.js'
import { projectRoot } from '../../soak/build.js'
import { revisionsOf } from '../../soak/release.js'
import { EACH_ONCE } from '../support/providers.js'
import { type Move, Subject } from '../../soak/subject.js'

/**
 * Helm ends an upgrade by two writes: the old revision becomes `superseded`, then the new one `deployed`. A helm that dies
 * in between (found by the soak) leaves a release without any deployed revision, all of whose objects are there and serve.
 */
describe.each(EACH_ONCE)('what Helm $major leaves behind with $provider', ({ major, ...provider }) => {
  let arena: Arena
  let subject: Subject

  beforeAll(async () => {
    arena = await startArena({ root: projectRoot, major, provider, isBrief: true })
    subject = await Subject.install(arena, 'echo')
    await subject.go(subject.start())
  })
  afterAll(async () => {
    await subject.traffic.stop()
    await arena.close()
  })

  /** Kills canary once its upgrade is made, and takes back Helm's last write. */
  async function killAtTheEndOf(move: Move): Promise<void> {
    const newest = async () => (await revisionsOf(arena, 'echo')).at(-1)!
    const { revision } = await newest()
    const running = arena.spawn([...move.args, '--probe-rate', '2'])
    await expect.poll(newest).toMatchObject({ revision: revision + 1, status: 'deployed' })
    running.signal('SIGKILL')
    await running.ended

    const url = `${arena.apiUrl}/api/v1/namespaces/echo/secrets/sh.helm.release.v1.echo.v${revision + 1}`
    const headers = { authorization: `Bearer ${arena.token}`, 'content-type': 'application/json' }
    const secret = (await (await fetch(url, { headers })).json()) as any
    const zipped = Buffer.from(Buffer.from(secret.data.release, 'base64').toString(), 'base64')
    const record = JSON.parse(gunzipSync(zipped).toString())
    record.info.status = 'pending-upgrade'
    secret.metadata.labels.status = 'pending-upgrade'
    secret.data.release = Buffer.from(gzipSync(JSON.stringify(record)).toString('base64')).toString('base64')
    const { status } = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(secret) })
    expect(status).toBe(200)
  }

  test('killed between its last two writes: the same command with --recover goes on, nothing is uninstalled', async () => {
    const move = subject.shift(20)
    await killAtTheEndOf(move)

    expect(await subject.observe()).toMatchObject({ stage: { name: 'header' }, unfinished: true })
    const list = JSON.parse((await arena.canary(['status', '--json'])).stdout)
    expect(list.apps).toMatchObject([{ app: 'echo', stage: { name: 'header' } }])
    expect((await arena.canary(move.args)).code).toBe(6)
    await subject.go(move, ['--recover'])
  })

  // An abort is an upgrade like those that the others make with either Helm.
  test.runIf(major === HELM_MAJORS.at(-1))(
    'killed between its last two writes: abort leads to the primary',
    async () => {
      await killAtTheEndOf(subject.shift(60))
      await subject.go(subject.abort())
    },
  )

  test('what failed before it removed a version is gone back from, and on again', async () => {
    if (major === HELM_MAJORS.at(-1)) await subject.go(subject.start())
    await subject.go(subject.shift(100))
    await arena.order({ kind: 'forbid', verb: 'patch', resource: provider.routeKind })
    const move = subject.finish()
    expect((await arena.canary(move.args)).code).toBe(5)
    expect((await revisionsOf(arena, 'echo')).at(-1)?.status).toBe('failed')
    // Helm 4 can't even go back then; Helm 3 can, and fails on the way there again.
    expect((await arena.canary([...move.args, '--recover'])).code).toBe(5)
    await arena.clearFaults()

    await subject.go(move, ['--recover'])
  })

  test('no request of the users failed meanwhile', () => {
    expect(subject.traffic.report.failures).toEqual({})
  })
})
