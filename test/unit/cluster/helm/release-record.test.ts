import { afterEach, describe, expect, test } from 'vitest'
import { decodeRecord } from '../../../../src/cluster/helm/release-record.js'
import { historiesOf } from '../../../../src/cluster/helm/release-histories.js'
import { findReleases, listReleases, recordResource } from '../../../../src/cluster/helm/releases.js'
import type { ExternalError } from '../../../../src/model/errors.js'
import { json, list, startFakeApi, type FakeApi } from '../kube/fake-api.js'
import { record, release } from '../../../support/helm-record.js'

function revision(version: number, status: string, description = `revision ${version}`, more = {}) {
  return record('Secret', release({ version, info: { status, description }, ...more }))
}

describe('one record', () => {
  for (const kind of ['Secret', 'ConfigMap'] as const) {
    test(`out of a ${kind}, Go's nulls filled in`, () => {
      expect(decodeRecord(record(kind, release()))).toEqual({
        name: 'echo',
        namespace: 'echo',
        revision: 1,
        status: 'deployed',
        description: 'Install complete',
        updated: '2026-05-01T08:00:00.123Z',
        chart: {
          metadata: { apiVersion: 'v2', name: 'gloo-app', version: '0.1.0' },
          templates: [{ name: 'templates/a.yaml', data: 'YTogMQo=' }],
          files: [],
          values: {},
          schema: undefined,
        },
        config: { deployment: { v1: {} } },
        manifest: '---\nkind: Service\n',
      })
    })
  }

  for (const [name, data] of Object.entries({
    empty: '',
    'not compressed': Buffer.from(Buffer.from('{}').toString('base64')).toString('base64'),
  })) {
    test(`${name}: an error that names it`, () => {
      expect(() => decodeRecord(record('Secret', release(), { data }))).toThrow(
        /record sh\.helm\.release\.v1\.echo\.v1 in namespace echo cannot be read/,
      )
    })
  }
})

describe('a record that was read before', () => {
  function stored(resourceVersion: string, status: string, uid = 'one-of-these-tests') {
    const object = revision(1, status)
    return { ...object, metadata: { ...object.metadata, uid, resourceVersion } }
  }

  test('is decoded once, until it changes', () => {
    const first = decodeRecord(stored('1', 'pending-upgrade'))
    expect(decodeRecord(stored('1', 'pending-upgrade'))).toBe(first)
    expect(decodeRecord(stored('2', 'deployed')).status).toBe('deployed')
    expect(decodeRecord(stored('1', 'failed', 'another')).status).toBe('failed')
  })

  test('shares its chart with those that have the same', () => {
    expect(decodeRecord(stored('3', 'deployed')).chart).toBe(decodeRecord(stored('4', 'superseded')).chart)
  })
})

describe('histories', () => {
  const cases: Record<string, { statuses: string[]; deployed?: number; newest: number }> = {
    'one revision': { statuses: ['deployed'], deployed: 1, newest: 1 },
    'superseded before deployed': { statuses: ['superseded', 'deployed'], deployed: 2, newest: 2 },
    'failed after deployed': { statuses: ['superseded', 'deployed', 'failed'], deployed: 2, newest: 3 },
    'pending after deployed': { statuses: ['deployed', 'pending-upgrade'], deployed: 1, newest: 2 },
    'never deployed': { statuses: ['pending-install'], newest: 1 },
    'failed from the start': { statuses: ['failed', 'failed'], newest: 2 },
    'killed between superseding the old one and deploying the new one': {
      statuses: ['superseded', 'superseded', 'pending-upgrade'],
      deployed: 2,
      newest: 3,
    },
    'a rollback that failed': { statuses: ['superseded', 'superseded', 'failed'], deployed: 2, newest: 3 },
    'an install that failed after an uninstall that kept the history': {
      statuses: ['superseded', 'uninstalled', 'failed'],
      newest: 3,
    },
    'being uninstalled': { statuses: ['superseded', 'uninstalling'], newest: 2 },
    'deployed twice over (two helms at once): the later one': {
      statuses: ['deployed', 'deployed'],
      deployed: 2,
      newest: 2,
    },
  }
  for (const [name, { statuses, deployed, newest }] of Object.entries(cases)) {
    test(name, () => {
      const objects = statuses.map((status, index) => revision(index + 1, status)).reverse()

      const [history] = historiesOf(objects)

      expect(history?.deployed?.revision).toBe(deployed)
      expect(history?.newest?.revision).toBe(newest)
      expect(history?.revisions.map((entry) => entry.status)).toEqual(statuses)
    })
  }

  test('revision 10 is newer than 9', () => {
    expect(historiesOf([revision(10, 'deployed'), revision(9, 'superseded')])[0]?.newest?.revision).toBe(10)
  })

  test('by namespace and name', () => {
    const other = record('Secret', release({ namespace: 'other' }))
    const foxtrot = record('Secret', release({ name: 'foxtrot' }))

    const found = historiesOf([other, foxtrot, revision(1, 'deployed')])

    expect(found.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      'echo/echo',
      'echo/foxtrot',
      'other/echo',
    ])
  })

  test('an old record that cannot be read is told by its labels; the newest has to be readable', () => {
    const broken = record('Secret', release({ info: { status: 'superseded' } }), { data: 'x' })

    expect(historiesOf([broken, revision(2, 'deployed')])[0]?.revisions[0]).toEqual({
      revision: 1,
      status: 'superseded',
      description: 'the record cannot be read',
      updated: '2026-05-01T08:00:00Z',
    })
    expect(() => historiesOf([broken])).toThrow(/cannot be read/)
  })
})

describe('records that unzip to far more than any release has', () => {
  const MIB = 1024 * 1024
  const big = record('Secret', release({ config: { deployment: { v1: {} }, x: 'x'.repeat(30 * MIB) } }))
  const at = (namespace: string, version = 1) => {
    const labels = { ...big.metadata.labels, version: String(version) }
    return { ...big, metadata: { ...big.metadata, namespace, labels } }
  }
  const small = record('Secret', release({ namespace: 'zoo' }))

  test('of many releases: as many as fit, the small ones first; the others are named', () => {
    const objects = [...Array.from({ length: 6 }, (_, index) => at(`team-${index}`)), small]
    const errors: ExternalError[] = []
    const found = historiesOf(objects, { unreadable: (error) => errors.push(error) })

    expect(found.map(({ namespace }) => namespace)).toContain('zoo')
    expect([found.length, errors.length]).toEqual([5, 2])
    expect(errors[0]?.message).toMatch(
      /records of echo in namespace team-\d+ were skipped: .* exceed 128 MiB/,
    )
  }, 120_000)

  test('of one release: the newest are read, of the others what their labels say', () => {
    const [history] = historiesOf(Array.from({ length: 10 }, (_, index) => at('echo', index + 1)))

    expect(history?.revisions.filter(({ config }) => config !== undefined)).toHaveLength(3)
    expect(history?.newest?.config).toBeDefined()
  }, 120_000)
})

describe('releases of the cluster', () => {
  let fake: FakeApi
  afterEach(() => fake.close())

  test('one app, wherever it is', async () => {
    fake = await startFakeApi((_, response) => json(response, 200, list('Secret', [revision(1, 'deployed')])))

    expect(await findReleases(fake.api, 'echo')).toHaveLength(1)
    expect(fake.requests[0]).toMatchObject({
      path: '/api/v1/secrets',
      query: { labelSelector: 'name=echo,owner=helm' },
    })
  })

  test('one that cannot be read is left out where there are others, and an error where it is alone', async () => {
    const broken = record('Secret', release({ namespace: 'other' }), { data: 'x' })
    let items = [broken, revision(1, 'deployed')]
    fake = await startFakeApi((_, response) => json(response, 200, list('Secret', items)))
    const errors: string[] = []
    const unreadable = ({ message }: ExternalError) => errors.push(message)

    const found = await findReleases(fake.api, 'echo', undefined, unreadable)
    expect(found.map(({ namespace }) => namespace)).toEqual(['echo'])
    expect(errors).toEqual([expect.stringContaining('v1 in namespace other cannot be read')])
    expect(await listReleases(fake.api, undefined, unreadable)).toHaveLength(1)
    items = [broken]
    await expect(findReleases(fake.api, 'echo', undefined, unreadable)).rejects.toThrow(/cannot be read/)
    await expect(findReleases(fake.api, 'echo', 'other', unreadable)).rejects.toThrow(/cannot be read/)
  })

  test('all of the chart, without superseded revisions', async () => {
    const foreign = release({ name: 'db', chart: { metadata: { name: 'postgres', version: '1' } } })
    fake = await startFakeApi((_, response) =>
      json(response, 200, list('Secret', [revision(2, 'deployed'), record('Secret', foreign)])),
    )

    expect((await listReleases(fake.api, 'echo')).map(({ name }) => name)).toEqual(['echo'])
    expect(fake.requests[0]).toMatchObject({
      path: '/api/v1/namespaces/echo/secrets',
      query: { labelSelector: 'owner=helm,status!=superseded' },
    })
  })

  test('of one whose last upgrade was killed at its end, the superseded revisions are read too', async () => {
    const pending = revision(2, 'pending-upgrade')
    fake = await startFakeApi((request, response) => {
      const all = request.query.labelSelector?.startsWith('name=echo')
      json(response, 200, list('Secret', all ? [revision(1, 'superseded'), pending] : [pending]))
    })

    expect((await listReleases(fake.api))[0]?.deployed?.revision).toBe(1)
  })
})

describe('where Helm keeps its records', () => {
  for (const [driver, plural] of [
    ['', 'secrets'],
    ['secret', 'secrets'],
    ['secrets', 'secrets'],
    ['configmap', 'configmaps'],
  ] as const) {
    test(`HELM_DRIVER "${driver}": ${plural}`, () => {
      expect(recordResource(driver).plural).toBe(plural)
    })
  }

  for (const driver of ['sql', 'memory']) {
    test(`HELM_DRIVER "${driver}" is refused`, () => {
      expect(() => recordResource(driver)).toThrow(new RegExp(`HELM_DRIVER is "${driver}"`))
    })
  }
})
