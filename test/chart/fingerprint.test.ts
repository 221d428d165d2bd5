import { describe, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { type TemplateOptions, canaryValues, render } from './helm.js'

type Change = (values: Record<string, any>) => void

/** The values of weight 25, changed. */
function changed(change: Change): Record<string, any> {
  const values = canaryValues({ weight: 25, headers: { stage: 'canary', team: 'blue' } })
  change(values)
  return values
}

/** The fingerprint on each route, once each; the routes of one table have to agree. */
async function fingerprint(major: 3 | 4, values: unknown, options: TemplateOptions = {}): Promise<string> {
  const rendered = await render(major, values, options)
  const routes: any[] = rendered[`RouteTable/${options.app ?? 'echo'}-routes`].spec.routes
  const found = routes.map((route) => route.options.headerManipulation.responseHeadersToAdd[0].header.value)
  expect(new Set(found).size).toBe(1)
  expect(found[0]).toMatch(/^[0-9a-f]{12}$/)
  return found[0]
}

const SAME: [title: string, change: Change][] = [
  ['the order of the headers', ({ routes }) => (routes.canary.headers = { team: 'blue', stage: 'canary' })],
  ['a version that no route names', ({ deployment }) => (deployment.v3 = {})],
  [
    'image, arguments and replicas',
    ({ deployment }) => (deployment.v2 = { image: 'app', args: [], replicas: 3 }),
  ],
  ['the API group', ({ routes }) => (routes.apiGroup = 'other')],
  ['the name of the version header', ({ routes }) => (routes.versionHeader = 'x-version')],
  ['no version header', ({ routes }) => (routes.versionHeader = '')],
  ['the name of its own header', ({ routes }) => (routes.fingerprintHeader = 'x-a-routes')],
  ['the fallback policy', (values) => (values.upstream = { fallbackPolicy: 'NO_FALLBACK' })],
  ['how answers tell their version', (values) => (values.verify = { version: { header: 'x-version' } })],
]

const OTHER: [title: string, change: Change][] = [
  ['the weight', ({ routes }) => (routes.canary.weight = 26)],
  ['the weight left out', ({ routes }) => delete routes.canary.weight],
  ['a header more', ({ routes }) => (routes.canary.headers.more = '1')],
  ['a header less', ({ routes }) => delete routes.canary.headers.team],
  ["a header's value", ({ routes }) => (routes.canary.headers.stage = 'dev')],
  [
    'primary and canary swapped',
    ({ routes }) => ([routes.primary, routes.canary.version] = [{ version: 'v2' }, 'v1']),
  ],
  ['no canary', ({ routes }) => delete routes.canary],
]

describe.each(HELM_MAJORS)('Helm %i: the fingerprint', (major) => {
  const original = fingerprint(
    major,
    changed(() => {}),
  )

  test.concurrent.each(SAME)('stays with another value of: %s', async (_title, change) => {
    expect(await fingerprint(major, changed(change))).toBe(await original)
  })

  test.concurrent.each(OTHER)('changes with: %s', async (_title, change) => {
    expect(await fingerprint(major, changed(change))).not.toBe(await original)
  })

  test.concurrent('differs between apps, and between namespaces', async () => {
    const values = changed(() => {})
    const others = await Promise.all([
      fingerprint(major, values, { app: 'foxtrot' }),
      fingerprint(major, values, { app: 'echo', namespace: 'foxtrot' }),
      fingerprint(major, values, { app: 'foxtrot', namespace: 'echo' }),
    ])
    expect(new Set([await original, ...others]).size).toBe(4)
  })

  test.concurrent('is the same for no weight and weight 0, and for no canary and a null one', async () => {
    expect(await fingerprint(major, canaryValues({ weight: 0 }))).toBe(
      await fingerprint(major, canaryValues()),
    )
    const none = changed(({ routes }) => delete routes.canary)
    const nothing = changed(({ routes }) => (routes.canary = null))
    expect(await fingerprint(major, nothing)).toBe(await fingerprint(major, none))
  })
})

test('Helm 3 and Helm 4 give the same fingerprint', async () => {
  const values = changed(() => {})
  expect(await fingerprint(3, values)).toBe(await fingerprint(4, values))
})
