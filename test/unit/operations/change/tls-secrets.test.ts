import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { doctor } from '../../../../src/operations/doctor.js'
import { install } from '../../../../src/operations/install.js'
import { modelled } from '../../../support/model-cluster/context.js'
import { renderObjects } from '../../../support/model-cluster/render.js'
import { SEED } from '../../rollout/seed-values.js'

const labels = { apiGroup: 'example' }

/** A VirtualService that serves every RouteTable of apiGroup example, over TLS. */
function virtualService(name: string, namespace: string): JsonObject {
  const routes = [{ delegateAction: { selector: { labels, namespaces: ['*'] } } }]
  return {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace },
    spec: {
      virtualHost: { domains: [`${name}.example.com`], routes },
      sslConfig: { secretRef: { name: 'shop-tls', namespace: 'certs' } },
    },
  }
}

/** A chart that makes a VirtualService, where the values say so. */
function render(app: string, namespace: string, values: JsonObject): JsonObject[] {
  const objects = renderObjects(app, namespace, values).map((object: any) =>
    object.kind === 'RouteTable' ? { ...object, metadata: { ...object.metadata, labels } } : object,
  )
  const { virtualService: own } = values.routes as JsonObject
  return own ? [...objects, virtualService(app, namespace)] : objects
}

function withSecret(isThere: boolean, around: { shared?: boolean; dryRun?: boolean } = {}) {
  const model = modelled(undefined, { context: { dryRun: around.dryRun ?? false } })
  const { cluster } = model
  cluster.world.helm.render = render
  cluster.world.virtualServices = around.shared ? [virtualService('app', 'gloo-system')] : []
  if (!isThere) cluster.missing.add('shop-tls')
  return model
}

const own = { app: 'echo', version: 'v1', set: ['routes.virtualService.domains[0]=echo.example.com'] }

describe('the certificate of the VirtualService that serves an app', () => {
  test.each([false, true])(
    'the Secret is not there: refused before anything is changed (dry run: %s)',
    async (dryRun) => {
      const { context, cluster } = withSecret(false, { dryRun })
      const error: UsageError = await install(context, own).then(
        () => Promise.reject(new Error('it did not fail')),
        (thrown: unknown) => thrown as UsageError,
      )
      expect(error).toBeInstanceOf(UsageError)
      expect(error.message).toBe(
        'VirtualService echo/echo takes its certificate from Secret shop-tls in namespace certs, which is not there: ' +
          'Gloo would reject it, with all of its routes.',
      )
      expect(error.nextSteps[0]).toBe(
        'kubectl create secret tls shop-tls -n certs --cert=tls.crt --key=tls.key',
      )
      expect(cluster.revisions).toEqual([])
    },
  )

  test('that of a VirtualService of others is a warning', async () => {
    const { context, events } = withSecret(false, { shared: true })
    await install(context, { app: 'echo', version: 'v1' })
    expect(events).toContainEqual({
      type: 'warning',
      message:
        'VirtualService gloo-system/app takes its certificate from Secret shop-tls in namespace certs, which is not there.',
    })
  })

  test.each([true, false])('doctor looks, too (there: %s)', async (isThere) => {
    const { context, cluster } = withSecret(isThere, { shared: true })
    cluster.add(SEED[1], 'deployed')
    const { findings } = await doctor(context, { app: 'echo' })
    const told = findings.filter(({ detail }) => detail.includes('Secret shop-tls'))
    expect(told.map(({ status }) => status)).toEqual(isThere ? [] : ['problem'])
  })
})
