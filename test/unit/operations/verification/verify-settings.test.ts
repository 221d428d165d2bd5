import { describe, expect, test } from 'vitest'
import { CanaryError } from '../../../../src/model/errors.js'
import type { JsonObject } from '../../../../src/model/values.js'
import type { ProbeSettings } from '../../../../src/model/verify/verify-settings.js'
import { verifySettings } from '../../../../src/operations/verification/verify-settings.js'
import { modelled } from '../../../support/model-cluster/context.js'

const NOTHING = { env: [], methods: [], paths: [], hosts: [] }
/** Variables that were read. */
const read: string[] = []

function settingsOf(verify: JsonObject, probes: Partial<ProbeSettings> = {}, routes: JsonObject = {}) {
  read.length = 0
  const env = (name: string) => {
    read.push(name)
    return `value-of-${name}`
  }
  const { context } = modelled()
  const values = { routes, verify }
  return verifySettings({ ...context.probes, env, ...probes }, { app: 'echo', values, metrics: true })
}

function refusal(...args: Parameters<typeof settingsOf>): CanaryError {
  try {
    settingsOf(...args)
  } catch (error) {
    if (error instanceof CanaryError) return error
    throw error
  }
  throw new Error('it was not refused')
}

const METRICS = [{ name: 'errors', query: 'errors', max: 0 }]
const headers = (given: JsonObject): JsonObject => ({ request: { headers: given } })

interface Case {
  name: string
  verify: JsonObject
  routes?: JsonObject
  says: RegExp
  remedy: string
  /** Each makes it right: what the caller allows, or says. */
  allowed: Partial<ProbeSettings>[]
}

const cases: Case[] = [
  {
    name: "a variable of the caller's environment",
    verify: headers({ 'x-a': 'env:AWS_SECRET_ACCESS_KEY' }),
    says: /^verify\.request\.headers\.x-a: the values may not read AWS_SECRET_ACCESS_KEY of your environment/,
    remedy: '--allow-env AWS_SECRET_ACCESS_KEY ',
    allowed: [
      { allow: { ...NOTHING, env: ['AWS_SECRET_ACCESS_KEY'] } },
      { setVerify: ['request.headers.x-a=env:AWS_SECRET_ACCESS_KEY'] },
      { headers: { 'X-A': 'mine' } },
    ],
  },
  {
    name: 'a method that changes things',
    verify: { request: { method: 'delete' } },
    says: /^verify\.request\.method: the values may have GET and HEAD sent, not DELETE/,
    remedy: '--allow-request DELETE ',
    allowed: [{ allow: { ...NOTHING, methods: ['DELETE'] } }, { setVerify: ['request.method=DELETE'] }],
  },
  {
    name: "another app's path",
    verify: { paths: ['/echo', "/foxtrot/admin/delete?all='1'"] },
    says: /^verify\.paths\[1\]: \/foxtrot\/admin\/delete\?all='1' is not a path of echo, which answers to \/echo,/,
    remedy: String.raw`--allow-request '/foxtrot/admin/delete?all='\''1'\''' `,
    allowed: [
      { allow: { ...NOTHING, paths: ['/foxtrot'] } },
      { setVerify: ["paths[1]=/foxtrot/admin/delete?all='1'"] },
      { setVerify: ['paths={/anywhere}'] },
    ],
  },
  {
    name: 'a path that leaves its own by a detour',
    verify: { paths: ['/echo/..;/foxtrot'] },
    says: /^verify\.paths\[0\]: \/echo\/\.\.;\/foxtrot is not a path of echo/,
    remedy: "--allow-request '/echo/..;/foxtrot' ",
    allowed: [{ allow: { ...NOTHING, paths: ['/echo/..;/foxtrot'] } }],
  },
  {
    name: 'a match that leaves its own by a detour',
    verify: {},
    routes: { matches: [{ prefix: '/echo/../foxtrot' }] },
    says: /^routes\.matches: \/echo\/\.\.\/foxtrot is not a path of echo/,
    remedy: '--allow-request /echo/../foxtrot ',
    allowed: [{ setVerify: ['paths={/echo}'] }],
  },
  {
    name: 'a Prometheus anywhere',
    verify: { prometheus: 'http://user:pw@169.254.169.254/latest', metrics: METRICS },
    says: /^verify\.prometheus: the values may not have http:\/\/169\.254\.169\.254 queried/,
    remedy: '--allow-request http://169.254.169.254 ',
    allowed: [
      { allow: { ...NOTHING, hosts: ['169.254.169.254'] } },
      { setVerify: ['prometheus=http://prometheus:9090'] },
    ],
  },
]

describe('what the caller alone decides', () => {
  test.each(cases)('$name: refused, unless the caller says so', ({ verify, routes, ...expected }) => {
    const error = refusal(verify, {}, routes)
    expect(error).toMatchObject({ exitCode: 2, state: 'No request was sent.' })
    expect(error.message).toMatch(expected.says)
    expect(error.nextSteps[0]!.startsWith(expected.remedy), error.nextSteps[0]).toBe(true)
    expect(read).toEqual([])
    for (const probes of expected.allowed) expect(() => settingsOf(verify, probes, routes)).not.toThrow()
  })

  test('--set-verify of a canary.yaml that nobody named may no more than the values', () => {
    const defaultVerify = ['request.headers.x-a=env:TOKEN']
    expect(refusal({}, { defaultVerify }).message).toContain('the values may not read TOKEN')
    expect(settingsOf({}, { defaultVerify: ['tolerance=3'] }).tolerance).toBe(0.03)
  })

  test('a variable whose header the caller gives is not even read', () => {
    const verify = headers({ authorization: 'env:TOKEN' })
    const { probe } = settingsOf(verify, { headers: { Authorization: 'mine' } })
    expect(probe.headers).toEqual({ Authorization: 'mine' })
    expect(read).toEqual([])
  })

  test('a name that is no variable is not put into a command to paste', () => {
    expect(refusal(headers({ a: 'env:X; curl evil' })).nextSteps).toEqual(['correct the values'])
  })

  test('Prometheus is no matter where nothing asks it', () => {
    expect(settingsOf({ prometheus: 'http://anywhere' }).prometheus).toBe('http://anywhere')
  })

  test('GET and HEAD of paths below its matches are the values’ to choose', () => {
    const routes: JsonObject = {
      matches: [{ regex: '/items/[0-9]+' }, { prefix: '/' }],
    }
    const verify = {
      paths: ['/items/1?a=b'],
      request: { method: 'head' },
    }
    expect(settingsOf(verify, {}, routes)).toMatchObject({
      paths: ['/items/1?a=b'],
      probe: { method: 'HEAD' },
    })
  })
})
