import { describe, expect, test } from 'vitest'
import { CanaryError } from '../../../../src/model/errors.js'
import type { JsonObject } from '../../../../src/model/values.js'
import type { OperationContext } from '../../../../src/operations/context.js'
import { install } from '../../../../src/operations/install.js'
import { allOverlapFindings } from '../../../../src/operations/overlaps/findings.js'
import { shift } from '../../../../src/operations/shift.js'
import { start } from '../../../../src/operations/start.js'
import { upgrade } from '../../../../src/operations/upgrade.js'
import { type Modelled, modelled } from '../../../support/model-cluster/context.js'
import { renderObjects } from '../../../support/model-cluster/render.js'

const STABLE = { deployment: { v1: {} }, routes: { apiGroup: 'example', primary: { version: 'v1' } } }
const DELEGATION = { delegateAction: { selector: { labels: { apiGroup: 'example' }, namespaces: ['*'] } } }

/** The RouteTable of foxtrot, a release of its own. */
function foxtrot(matcher: object): JsonObject {
  const annotations = {
    'meta.helm.sh/release-name': 'foxtrot',
    'meta.helm.sh/release-namespace': 'foxtrot',
  }
  return {
    kind: 'RouteTable',
    metadata: {
      name: 'foxtrot-routes',
      namespace: 'foxtrot',
      labels: { apiGroup: 'example' },
      annotations,
    },
    spec: { routes: [{ matchers: [matcher], routeAction: {} }] },
  } as JsonObject
}

function virtualService(name: string, routes: object[], domains = ['*']): JsonObject {
  const metadata = { name, namespace: 'web' }
  return { kind: 'VirtualService', metadata, spec: { virtualHost: { domains, routes } } } as JsonObject
}

/** A chart that has routes.matches and routes.apiGroup, as the bundled one has. */
function render(app: string, namespace: string, values: JsonObject): JsonObject[] {
  const { matches, apiGroup = 'example' } = values.routes as any
  return renderObjects(app, namespace, values).map((object: any) => {
    if (object.kind !== 'RouteTable') return object
    object.metadata.labels = { apiGroup }
    if (matches)
      object.spec.routes = matches.map((one: object) => ({ ...object.spec.routes[0], matchers: [one] }))
    return object
  })
}

interface Around {
  tables: JsonObject[]
  services?: JsonObject[]
  context?: Partial<OperationContext>
  config?: JsonObject
}

function around({
  tables,
  services = [virtualService('app', [DELEGATION])],
  context,
  config,
}: Around): Modelled {
  const model = modelled(undefined, { context })
  model.cluster.world.helm.render = render
  model.cluster.world.virtualServices = services
  model.cluster.world.routeTables = tables
  if (config) model.cluster.add(config, 'deployed')
  return model
}

async function refusalOf(operation: Promise<unknown>): Promise<CanaryError> {
  const error: unknown = await operation.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CanaryError)
  return error as CanaryError
}

function warnings({ events }: Modelled): string[] {
  return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
}

const echo = { app: 'echo', version: 'v1' }
const withMatches = (...prefixes: string[]) => ({
  ...echo,
  set: prefixes.map((prefix, index) => `routes.matches[${index}].prefix=${prefix}`),
})

describe('install of an app whose routes overlap', () => {
  test.each([false, true])("takes another app's path: refused, both named (dry run: %s)", async (dryRun) => {
    const model = around({ tables: [foxtrot({ prefix: '/foxtrot' })], context: { dryRun } })

    const error = await refusalOf(install(model.context, withMatches('/foxtrot')))

    expect(error.exitCode).toBe(6)
    expect(error.message).toBe('echo would take requests of foxtrot: their routes overlap.')
    expect(error.details).toEqual([
      'prefix /foxtrot of RouteTable echo/echo-routes comes first and takes all requests of prefix /foxtrot of ' +
        'RouteTable foxtrot/foxtrot-routes (Helm release foxtrot in namespace foxtrot); VirtualService web/app, domains *',
    ])
    expect(error.nextSteps.join('\n')).toContain('--allow-overlap')
    expect(error.evidence).toMatchObject({ overlaps: [{ own: 'winner', loser: { name: 'foxtrot-routes' } }] })
    expect(model.cluster.calls.filter((call) => call !== 'close the way to the proxy')).toEqual([])
  })

  test("gets another's in front of its own: refused", async () => {
    const model = around({ tables: [foxtrot({ exact: '/echo', methods: ['GET'] })] })
    const error = await refusalOf(install(model.context, echo))
    expect(error).toMatchObject({ exitCode: 6 })
    expect(error.message).toBe('echo would lose requests to foxtrot: their routes overlap.')
  })

  test('--allow-overlap goes on, and warns', async () => {
    const model = around({ tables: [foxtrot({ prefix: '/foxtrot' })], context: { allowOverlap: true } })
    await install(model.context, withMatches('/foxtrot'))
    expect(model.cluster.revisions).toHaveLength(1)
    expect(warnings(model).join()).toContain('comes first and takes all requests of prefix /foxtrot')
  })

  test("takes requests of another app's catch-all: refused", async () => {
    const model = around({ tables: [foxtrot({ prefix: '/' })] })
    expect(await refusalOf(install(model.context, echo))).toMatchObject({ exitCode: 6 })
  })

  test("takes requests of a VirtualService's own catch-all behind the delegation: a warning", async () => {
    const fallback = { matchers: [{ prefix: '/' }], directResponseAction: { status: 404 } }
    const model = around({ tables: [], services: [virtualService('app', [DELEGATION, fallback])] })
    await install(model.context, echo)
    expect(warnings(model)).toEqual([
      'prefix /echo of RouteTable echo/echo-routes comes first and takes some requests of prefix / of VirtualService web/app; ' +
        'VirtualService web/app, domains *',
    ])
  })

  test("takes requests of a VirtualService's other own routes: refused", async () => {
    const own = { matchers: [{ prefix: '/echo/old' }], routeAction: {} }
    const model = around({ tables: [], services: [virtualService('app', [own, DELEGATION])] })
    const error = await refusalOf(install(model.context, echo))
    expect(error.message).toBe('echo would lose requests to VirtualService web/app: their routes overlap.')
  })

  test('is a catch-all itself, and leaves the others theirs: nothing to say', async () => {
    const model = around({ tables: [foxtrot({ prefix: '/foxtrot' })] })
    await install(model.context, withMatches('/'))
    expect(warnings(model)).toEqual([])
  })

  test('what may not be listed is said', async () => {
    const model = around({ tables: [] })
    model.routing.hidden.push('RouteTables')
    await install(model.context, echo)
    expect(warnings(model)).toEqual([
      'your user may not list RouteTables in all namespaces: whether another app answers requests of echo is not known',
    ])
  })
})

describe('a domain that another VirtualService has', () => {
  const other = virtualService('site', [{ delegateAction: { selector: { labels: { apiGroup: 'site' } } } }])

  test.each([true, false])('no second one is made, with or without the flag (%s)', async (attach) => {
    const model = around({ tables: [], services: [other] })

    const error = await refusalOf(install(model.context, { ...echo, attach }))

    expect(error.exitCode).toBe(6)
    expect(error.message).toContain('VirtualServices web/site and gloo-system/app would both have domain *')
    expect(error.details).toEqual([
      'VirtualService web/site exists, and delegates to RouteTables with apiGroup: site in namespace web',
    ])
    expect(error.nextSteps.join('\n')).toContain('kubectl edit virtualservice site -n web')
    expect(model.cluster.calls).not.toContain('create VirtualService for example')
  })

  test('--allow-overlap makes it: they may belong to different Gateways', async () => {
    const model = around({ tables: [], services: [other], context: { allowOverlap: true } })
    await install(model.context, { ...echo, attach: true })
    expect(model.cluster.calls).toContain('create VirtualService for example')
    expect(warnings(model).join()).toContain(
      'have domain *: if they belong to one Gateway, Gloo would reject them all',
    )
  })

  test('of other domains, it is said what those that are there delegate', async () => {
    const model = around({ tables: [], services: [virtualService('site', [], ['a.example.com'])] })
    const error = await refusalOf(install(model.context, echo))
    expect(error.exitCode).toBe(2)
    expect(error.details).toEqual([
      'VirtualService web/site (domains a.example.com) delegates to no RouteTable',
    ])
  })
})

describe('only what a step adds is refused', () => {
  const tables = [foxtrot({ prefix: '/echo' })]

  test('start and shift of an app that overlaps already go on', async () => {
    const model = around({ tables, config: STABLE })
    await start(model.context, {
      app: 'echo',
      version: 'v2',
      deployOnly: false,
      headers: { stage: 'canary' },
    })
    await shift(model.context, { app: 'echo', weight: 50 })
    expect(model.cluster.revisions).toHaveLength(4)
    expect(warnings(model)).toEqual([])
  })

  test('an upgrade to a path of another is refused, one of other values is not', async () => {
    const model = around({ tables: [...tables, foxtrot({ prefix: '/other' })], config: STABLE })
    await upgrade(model.context, { app: 'echo', set: ['team=blue'] })
    const error = await refusalOf(
      upgrade(model.context, { app: 'echo', set: ['routes.matches[0].prefix=/other'] }),
    )
    expect(error.message).toBe('echo would take requests of foxtrot: their routes overlap.')
  })
})

test('doctor has overlaps and taken domains of the whole cluster, a catch-all in one line', async () => {
  const portal = foxtrot({ prefix: '/' })
  portal.metadata = { ...(portal.metadata as JsonObject), name: 'portal', annotations: {} }
  const twin = virtualService('twin', [])
  const model = around({
    tables: [
      foxtrot({ prefix: '/a' }),
      { ...foxtrot({ prefix: '/a/b' }), metadata: { ...portal.metadata, name: 'b' } },
      portal,
    ],
    services: [virtualService('app', [DELEGATION]), twin],
  })
  const findings = await allOverlapFindings(model.routing)
  expect(findings.map(({ check, status, detail }) => `${status} ${check}: ${detail}`)).toEqual([
    'problem domain *: VirtualServices web/app and web/twin have domain *: Gloo rejects them all, and their routes stay as they were',
    'warning routes: prefix /a/b of RouteTable foxtrot/b comes first and takes some requests of prefix /a of RouteTable ' +
      'foxtrot/foxtrot-routes (Helm release foxtrot in namespace foxtrot); VirtualService web/app, domains *',
    'ok routes: prefix / of RouteTable foxtrot/portal gets what is left over by RouteTable foxtrot/b, RouteTable foxtrot/foxtrot-routes',
  ])
})
