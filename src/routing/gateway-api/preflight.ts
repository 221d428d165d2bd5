import { kubectlCommand } from '../../model/command-line.js'
import { CanaryError } from '../../model/errors.js'
import type { Finding } from '../../model/results/doctor.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import type { ProxyAddress } from '../../cluster/kube/port-forward.js'
import { examine } from '../../cluster/preflight.js'
import { record, text } from '../fields.js'
import { isKnown, type RoutingObject, refOf } from '../objects.js'
import {
  addressesOf,
  classOf,
  conditionsOf,
  controllerNameOf,
  describeCondition,
  findGateway,
  namedListeners,
  refusedListeners,
  notAccepted,
} from './gateway/gateways.js'
import { implementationOf } from './gateway/implementations.js'
import { GATEWAYS, HTTP_ROUTES } from './kinds.js'
import { installedRelease, releaseProblem } from './releases.js'
import type { ParentRef } from './values.js'

/** Whether the Gateway API is installed, and the Gateway and its proxies are there; without a parent all Gateways. */
export async function preflight(
  api: KubeApi,
  parent: ParentRef | undefined,
  proxyAddress: () => Promise<ProxyAddress>,
): Promise<Finding[]> {
  const definitions = await definitionsFinding(api)
  if (definitions.status === 'problem') return [definitions]
  const gateways = await gatewayFindings(api, parent)
  return [
    definitions,
    ...gateways,
    ...(gateways.some(({ status }) => status === 'problem')
      ? []
      : [
          await examine('proxy', async () => {
            const address = await proxyAddress()
            await address.close()
            return `${address.origin} (${address.source})`
          }),
        ]),
  ]
}

/** The installed CRDs: that they are there, and of which release and channel. */
async function definitionsFinding(api: KubeApi): Promise<Finding> {
  const check = 'Gateway API'
  const known = await examine(check, async () => {
    if (!(await isKnown(api, HTTP_ROUTES)))
      throw new CanaryError(
        'external',
        'the cluster does not know httproutes: the Gateway API is not installed',
        {
          nextSteps: [
            'install the Gateway API and an implementation of it (https://gateway-api.sigs.k8s.io/), or choose the cluster that has them',
          ],
        },
      )
    return 'HTTPRoutes are known'
  })
  if (known.status !== 'ok') return known
  const installed = await installedRelease(api)
  if (!installed) return known
  const { release, channel } = installed
  const detail = `HTTPRoutes are known: release ${release}, ${channel} channel`
  const problem = releaseProblem(release)
  return problem === undefined
    ? { check, status: 'ok', detail }
    : {
        check,
        status: 'warning',
        detail: `${detail}: ${problem}`,
        remedy: 'see docs/gateways.md for the releases',
      }
}

async function gatewayFindings(api: KubeApi, parent: ParentRef | undefined): Promise<Finding[]> {
  const check = 'Gateway'
  let gateways: RoutingObject[] = []
  const found = await examine(check, async () => {
    gateways = parent ? [await findGateway(api, parent)] : (await api.list({ resource: GATEWAYS })).items
    return ''
  })
  if (found.status !== 'ok') return [found]
  if (gateways.length === 0)
    return [
      {
        check,
        status: 'warning',
        detail: 'no Gateway found: an app with routes.provider gateway-api would get no requests',
        remedy: 'make a Gateway, and name it in routes.gateway of the values',
      },
    ]
  return Promise.all(gateways.map((gateway) => gatewayFinding(api, gateway, parent)))
}

async function gatewayFinding(
  api: KubeApi,
  gateway: RoutingObject,
  parent: ParentRef | undefined,
): Promise<Finding> {
  const { namespace, name } = refOf(gateway)
  const check = `Gateway ${namespace}/${name}`
  const gatewayClass = await classOf(api, gateway)
  const className = text(record(gateway.spec).gatewayClassName) ?? ''
  const product = implementationOf(controllerNameOf(gatewayClass))?.product
  const problem = gatewayProblem(gateway, gatewayClass, parent)
  if (problem !== undefined)
    return {
      check,
      status: 'problem',
      detail: problem,
      remedy: kubectlCommand(['describe', 'gateway', name], namespace),
    }
  const listeners = namedListeners(gateway, parent)
  const shown = listeners.map(
    (one) => `${one.name} (${one.protocol} ${one.port}, ${one.hostname ?? 'all hosts'})`,
  )
  const addresses = addressesOf(gateway)
  return {
    check,
    status: 'ok',
    detail: [
      `class ${className}${product ? ` (${product})` : ''}`,
      `listeners ${shown.join(', ')}`,
      addresses.length > 0 ? `address ${addresses.join(', ')}` : 'no address',
    ].join('; '),
  }
}

/** What keeps a Gateway from serving, a clause: its class, the Gateway itself, or the listeners that the app names. */
function gatewayProblem(
  gateway: RoutingObject,
  gatewayClass: RoutingObject | undefined,
  parent: ParentRef | undefined,
): string | undefined {
  const refused = notAccepted(gateway, gatewayClass)
  if (refused) return refused
  const pending = conditionsOf(record(gateway.status).conditions).find(
    ({ type, status }) => type === 'Programmed' && status !== 'True',
  )
  if (pending) return describeCondition(pending)
  const named = namedListeners(gateway, parent)
  if (named.length === 0) return `it has no listener ${parent?.sectionName ?? `at port ${parent?.port}`}`
  const bad = refusedListeners(gateway, named)
  return bad.length === named.length ? bad.join('; ') : undefined
}
