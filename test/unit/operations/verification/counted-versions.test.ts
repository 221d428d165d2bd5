import { describe, expect, test } from 'vitest'
import { ExternalError } from '../../../../src/model/errors.js'
import type { CheckResult, Expectation } from '../../../../src/model/verify/expectation.js'
import { verifyByCounters } from '../../../../src/operations/verification/counted-versions.js'
import { VersionNaming } from '../../../../src/operations/verification/named-versions.js'
import { GATEWAY_API } from '../../../../src/routing/gateway-api/description.js'
import type { VersionCounters } from '../../../../src/routing/provider.js'
import type { VerificationRequest } from '../../../../src/verification/probing/verifier.js'
import { failureOf } from '../../../support/failure-of.js'

const REGULAR: Expectation = {
  kind: 'regular',
  paths: ['/echo'],
  headers: {},
  primary: 'v1',
  canary: 'v2',
  share: 0,
}
const CANARY: Expectation = { ...REGULAR, kind: 'canary', headers: { stage: 'canary' }, share: 1 }
const PROBES = 100

/** A proxy that sends probes where its routes say; users' requests come in between. */
class Proxy {
  private readonly counted: Record<string, number> = { v1: 0, v2: 0 }
  private seen = { ...this.counted }
  now = 0
  readonly asked: VerificationRequest[] = []

  constructor(
    private readonly routes: (expectation: Expectation) => string,
    private readonly users: Record<string, number> = {},
  ) {}

  readonly counters: VersionCounters = {
    since: () => {
      const added = Object.entries(this.counted).map(([version, count]) => [
        version,
        count - this.seen[version]!,
      ])
      this.seen = { ...this.counted }
      return Promise.resolve(Object.fromEntries(added) as Record<string, number>)
    },
    close: () => Promise.resolve(),
  }

  verify(verdict: CheckResult['verdict'] = 'pass') {
    const clock = { now: () => this.now, sleep: () => Promise.resolve() }
    const request = {
      expectations: [REGULAR, CANARY],
      alpha: 0.001,
      settling: true,
      timeoutMs: 1000,
    } as unknown as VerificationRequest
    const reported: CheckResult[] = []
    const proof = verifyByCounters(
      {
        counters: this.counters,
        hasShadow: false,
        clock,
        verify: (own) => {
          this.asked.push(own)
          this.now += 400
          for (const one of own.expectations) {
            const version = this.routes(Object.keys(one.headers).length > 0 ? CANARY : REGULAR)
            this.counted[version]! += PROBES
          }
          for (const [version, count] of Object.entries(this.users)) this.counted[version]! += count
          const checks = own.expectations.map((expectation) => ({
            expectation,
            verdict,
            sent: PROBES,
            discarded: 0,
            byVersion: { v1: PROBES },
            unidentified: 0,
            errors: [],
          }))
          return Promise.resolve({
            verdict,
            url: '',
            convergence: 'fingerprint' as const,
            checks: checks as never,
          })
        },
      },
      request,
      { converged: () => undefined, progress: () => undefined, check: (check) => reported.push(check) },
    )
    return { proof, reported }
  }
}

const byHeader = (expectation: Expectation) => (expectation === CANARY ? 'v2' : 'v1')

describe('a stage whose answers name no version', () => {
  test('passes where the counters show each kind at its version, and says what counted', async () => {
    const proxy = new Proxy(byHeader, { v1: 7 })
    const { proof, reported } = proxy.verify()
    expect(await proof).toMatchObject({ verdict: 'pass', countedBy: 'proxies' })
    expect(reported).toMatchObject([
      { expectation: REGULAR, sent: 107, byVersion: { v1: 107, v2: 0 }, counted: { probes: PROBES } },
      { expectation: CANARY, sent: 107, byVersion: { v1: 7, v2: 100 }, counted: { probes: PROBES } },
    ])
    expect(proxy.asked.map(({ soleVersion, settling }) => [soleVersion, settling])).toEqual([
      ['v1', true],
      ['v1', false],
      ['v1', false],
    ])
  })

  test('fails where the header route leads to the primary', async () => {
    const { proof } = new Proxy(() => 'v1').verify()
    expect((await proof).checks.map(({ verdict }) => verdict)).toEqual(['pass', 'fail'])
  })

  test('is inconclusive while users send the canary headers', async () => {
    const { verdict, checks } = await new Proxy(byHeader, { v2: 1 }).verify().proof
    expect(verdict).toBe('inconclusive')
    expect(checks[0]?.reason).toContain('v2 got 1 request meanwhile')
  })

  test('counts nothing where the answers are wrong already', async () => {
    const proxy = new Proxy(byHeader)
    const { verdict, checks } = await proxy.verify('fail').proof
    expect(verdict).toBe('fail')
    expect(proxy.asked).toHaveLength(1)
    expect(checks[0]).toMatchObject({ byVersion: {}, unidentified: PROBES })
  })
})

describe('before the first step', () => {
  const app = { name: 'shop', namespace: 'shop' }
  const deployment = { v1: { image: 'shop:1' }, v2: { image: 'shop:2' } }
  const naming = (counters: () => Promise<VersionCounters>) =>
    new VersionNaming({ description: GATEWAY_API, versionCounters: counters })
  const readable = () => Promise.resolve(new Proxy(byHeader).counters)
  const unreadable = () => Promise.reject(new ExternalError('Traefik has no counters.'))

  test('counters that can be read will do', async () => {
    await expect(
      naming(readable).require(app, { deployment }, {} as never, [REGULAR]),
    ).resolves.toBeUndefined()
  })

  test.each([
    [{ deployment }, unreadable, 'Traefik has no counters.'],
    [{ deployment, routes: { fingerprintHeader: '' } }, readable, 'without routes.fingerprintHeader'],
    [{ deployment: { ...deployment, v1: {} } }, readable, 'other versions name themselves'],
  ])('else it is refused, with three ways: %#', async (values, counters, why) => {
    const error = await failureOf(naming(counters).require(app, values, {} as never, [REGULAR]))
    expect(error).toMatchObject({ exitCode: 2, state: 'Nothing was changed.' })
    expect(error.details.join()).toContain(why)
    expect(error.nextSteps).toHaveLength(3)
  })

  test('nothing is asked of an app whose values say how', async () => {
    await naming(unreadable).require(app, { deployment }, { version: { header: 'x' } } as never, [REGULAR])
  })
})
