import { expect, test } from 'vitest'
import { requireKnownGateway } from '../../../../src/operations/change/known-gateway.js'
import { GATEWAY_API } from '../../../../src/routing/gateway-api/description.js'
import { GLOO } from '../../../../src/routing/gloo/description.js'
import type { GatewayChoice, Routing, RoutingProvider } from '../../../../src/routing/provider.js'
import { failureOf } from '../../../support/failure-of.js'

const COMMAND = 'canary install echo v1'
const PUBLIC: GatewayChoice = {
  provider: 'gateway-api',
  gateway: { namespace: 'gateways', name: 'public' },
  description: 'Gateway gateways/public (Envoy Gateway; http at port 80)',
}
const CLOSED: GatewayChoice = {
  ...PUBLIC,
  description: 'Gateway infra/own',
  refused: 'it admits nobody',
}

function requireKnown(description: object, choices: GatewayChoice[], isThere = false): Promise<void> {
  const provider = { description, isThere: () => Promise.resolve(isThere) } as unknown as RoutingProvider
  const routing = { gateways: () => Promise.resolve(choices) } as unknown as Routing
  return requireKnownGateway({ routing }, provider, 'echo', COMMAND)
}

test('only the Gateway API is there and Gloo is asked for: its Gateways, and the command for each', async () => {
  const error = await failureOf(requireKnown(GLOO, [PUBLIC, CLOSED]))
  expect(error).toMatchObject({
    exitCode: 2,
    state: 'Nothing was changed.',
    details: [PUBLIC.description, 'Gateway infra/own: it admits nobody'],
    nextSteps: [`${COMMAND} --gateway gateways/public`],
  })
})

test('only Gloo is there and the Gateway API is asked for: the command without it', async () => {
  const error = await failureOf(requireKnown(GATEWAY_API, [{ provider: 'gloo', description: 'Gloo' }]))
  expect(error).toMatchObject({ exitCode: 2, details: ['Gloo'] })
  expect(error.nextSteps).toEqual([`${COMMAND}    (Gloo, without --gateway and routes.provider)`])
})

test('no gateway at all: exit 5', async () => {
  expect(await failureOf(requireKnown(GLOO, []))).toMatchObject({ exitCode: 5 })
})

test('nothing to say where the kinds are known', async () => {
  await expect(requireKnown(GLOO, [], true)).resolves.toBeUndefined()
})
