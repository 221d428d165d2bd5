import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { followUntil } from '../../../../src/cluster/kube/follow.js'
import { PODS } from '../../../../src/cluster/kube/kube-types.js'
import { ExternalError } from '../../../../src/model/errors.js'
import { failure, json, list, startFakeApi, type FakeApi } from './fake-api.js'

let fake: FakeApi
afterEach(() => fake.close())

const pods = { target: { resource: PODS, namespace: 'echo' }, selection: { labelSelector: 'app=echo' } }
const late = () => new ExternalError('too late')

function pod(name: string, resourceVersion: string): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'echo', resourceVersion } }
}

/** Answers lists and watches in turn, the last of each again and again. */
function answering(lists: object[], watches: ((response: ServerResponse) => void)[]) {
  const next = <T>(answers: T[]) => (answers.length > 1 ? answers.shift() : answers[0])
  return startFakeApi(({ query }, response) => {
    if (query.watch) next(watches)?.(response)
    else json(response, 200, next(lists) ?? {})
  })
}

function events(response: ServerResponse, lines: object[], end = true): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  for (const line of lines) response.write(`${JSON.stringify(line)}\n`)
  if (end) response.end()
}

/** Names seen, one entry a change, until `until` is the last. */
async function namesUntil(until: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const seen: string[] = []
  await followUntil(fake.api, [pods], { timeoutMs: 5000, ...options, late }, ([objects = []]) => {
    seen.push(objects.map(({ metadata }) => metadata.name).join(','))
    return seen.at(-1) === until
  })
  return seen
}

const watches = () => fake.requests.filter(({ query }) => query.watch)

describe('following a collection', () => {
  test('the list first, then each change', async () => {
    fake = await answering(
      [list('Pod', [pod('a', '5')], '9')],
      [
        (response) =>
          events(
            response,
            [
              { type: 'ADDED', object: pod('b', '10') },
              { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '11' } } },
              { type: 'MODIFIED', object: pod('b', '12') },
              { type: 'DELETED', object: pod('a', '13') },
            ],
            false,
          ),
      ],
    )

    expect(await namesUntil('b')).toEqual(['a', 'a,b', 'a,b', 'b'])
    expect(watches()[0]?.query).toMatchObject({ resourceVersion: '9', labelSelector: 'app=echo' })
  })

  test('a watch that ends is opened again where it stopped', async () => {
    fake = await answering(
      [list('Pod', [], '9')],
      [
        (response) => events(response, [{ type: 'ADDED', object: pod('a', '10') }]),
        (response) => events(response, [{ type: 'DELETED', object: pod('a', '11') }]),
      ],
    )

    const seen: number[] = []
    await followUntil(fake.api, [pods], { timeoutMs: 5000, late }, ([objects = []]) => {
      seen.push(objects.length)
      return seen.length === 3
    })

    expect(seen).toEqual([0, 1, 0])
    expect(watches().map(({ query }) => query.resourceVersion)).toEqual(['9', '10'])
  })

  const restarts: Record<string, (response: ServerResponse) => void> = {
    'too old, said by an event': (response) =>
      events(response, [{ type: 'ERROR', object: failure(410, 'Expired', 'too old resource version') }]),
    'too old, said by the answer': (response) => json(response, 410, failure(410, 'Expired', 'too old')),
    'a cut connection': (response) => response.destroy(),
  }
  for (const [name, answer] of Object.entries(restarts)) {
    test(`${name}: lists again`, async () => {
      fake = await answering([list('Pod', [pod('a', '1')], '2'), list('Pod', [pod('b', '3')], '4')], [answer])

      expect(await namesUntil('b')).toEqual(['a', 'b'])
    })
  }

  test('forbidden to watch: given up at once', async () => {
    fake = await answering(
      [list('Pod', [])],
      [(response) => json(response, 403, failure(403, 'Forbidden', 'pods is forbidden'))],
    )

    await expect(namesUntil('never')).rejects.toThrow(/may not watch pods in namespace echo/)
  })

  test('time over: the error of the one who waits', async () => {
    fake = await answering([list('Pod', [])], [(response) => events(response, [], false)])

    await expect(namesUntil('never', { timeoutMs: 50 })).rejects.toThrow('too late')
  })

  test('time over without any answer: that is said instead', async () => {
    fake = await startFakeApi(() => undefined)

    await expect(namesUntil('never', { timeoutMs: 50 })).rejects.toThrow(/no answer within 0\.05 s/)
  })

  for (const [reason, outcome] of [
    ['SIGINT', 'interrupted'],
    ['SIGTERM', 'terminated'],
  ] as const) {
    test(`${reason} ends the wait as ${outcome}`, async () => {
      const controller = new AbortController()
      fake = await answering(
        [list('Pod', [])],
        [
          (response) => {
            events(response, [], false)
            controller.abort(reason)
          },
        ],
      )

      await expect(namesUntil('never', { signal: controller.signal })).rejects.toMatchObject({ outcome })
    })
  }
})
