import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ControlServer, startControl } from '../../../src/sandbox/control.js'
import { FaultRegistry } from '../../../src/sandbox/faults.js'

let faults: FaultRegistry
let control: ControlServer

beforeEach(async () => {
  faults = new FaultRegistry()
  control = await startControl(faults, 'secret')
})
afterEach(() => control.close())

async function call(method: string, path: string, body?: string, token = 'secret'): Promise<[number, any]> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(control.url + path, { method, headers, body })
  return [answer.status, await answer.json()]
}

test('faults are ordered, listed and taken back over HTTP', async () => {
  const latency = { kind: 'latency', app: 'echo', ms: 100 }
  expect(await call('POST', '/faults', JSON.stringify(latency))).toEqual([201, { ...latency, id: 1 }])
  expect(await call('POST', '/faults', '{"kind":"proxy-down"}')).toEqual([201, { kind: 'proxy-down', id: 2 }])
  expect(await call('GET', '/faults')).toEqual([200, faults.list()])
  expect(await call('DELETE', '/faults/1')).toEqual([200, [{ kind: 'proxy-down', id: 2 }]])
  expect(await call('DELETE', '/faults')).toEqual([200, []])
})

test('the newest fault of a kind comes first', () => {
  faults.add({ kind: 'propagation', ms: 1 })
  faults.add({ kind: 'propagation', ms: 2 })
  expect(faults.of('propagation').map(({ ms }) => ms)).toEqual([2, 1])
})

describe('refused', () => {
  test.each([
    ['no JSON', '{', 'the body is no JSON'],
    ['no object', '1', 'the body is no JSON object'],
    ['an unknown fault', '{"kind":"flood"}', /no fault "flood"; there are never-ready, slow-ready, crash, /],
    ['a parameter missing', '{"kind":"crash","app":"echo"}', 'crash needs version, a string'],
    ['an empty name', '{"kind":"crash","app":"","version":"v1"}', 'crash needs app, a string'],
    ['a parameter of another type', '{"kind":"latency","app":"echo","ms":"9"}', 'latency needs ms, a number'],
    ['a parameter too many', '{"kind":"proxy-down","app":"echo"}', 'proxy-down has no app'],
    ['150 %', '{"kind":"error-rate","app":"echo","percent":150}', 'percent 150 is not within 0 to 100'],
    [
      'a status that is none',
      '{"kind":"error-rate","app":"echo","percent":5,"status":99999}',
      'status 99999 is not within 200 to 599',
    ],
    [
      'a broken status',
      '{"kind":"error-rate","app":"echo","percent":5,"status":500.5}',
      'status 500.5 is no whole number',
    ],
    [
      'a delay no timer can wait',
      '{"kind":"propagation","ms":1e12}',
      /^ms 1000000000000 is not within 0 to /,
    ],
  ])('%s', async (_, body, message) => {
    const [status, answer] = await call('POST', '/faults', body)
    expect(status).toBe(400)
    expect(answer).toEqual({ error: typeof message === 'string' ? message : expect.stringMatching(message) })
    expect(faults.list()).toEqual([])
  })

  test.each([
    ['without the token', 'GET', '/faults', 'wrong', 401],
    ['a fault that is not there', 'DELETE', '/faults/7', 'secret', 404],
    ['another path', 'GET', '/', 'secret', 404],
    ['another method', 'PUT', '/faults', 'secret', 405],
  ])('%s', async (_, method, path, token, status) => {
    expect((await call(method, path, undefined, token))[0]).toBe(status)
  })
})
