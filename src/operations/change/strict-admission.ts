import type { OperationResult } from '../../model/results/change.js'
import type { AppLock } from '../../cluster/ports/locks.js'
import type { UpgradeRequest, Releases } from '../../cluster/ports/releases.js'
import { ExternalError } from '../../model/errors.js'
import type { Revision } from '../../model/release.js'
import { roleOf } from '../../model/routing.js'
import type { JsonObject } from '../../model/values.js'
import { textOf } from '../../rollout/values/json-fields.js'
import type { RoutingProvider, StrictAdmission } from '../../routing/provider.js'
import { withRoutesEnabled } from '../../rollout/stage/stage-in-values.js'
import { nameOf } from '../../rollout/drift/drift.js'
import { applyStep, UnfinishedError } from './run/apply-step.js'
import type { OperationContext } from '../context.js'
import { parseManifest } from '../observe/manifest.js'
import type { PlanToRun } from './run/plan-to-run.js'

/** Some gateways do not report that they know a backend: then the routes follow after this time. */
const LONGEST_WAIT_MS = 5000
const LOOK_EVERY_MS = 250

type Install = (context: OperationContext, prepare?: PlanToRun['prepare']) => Promise<OperationResult>

/**
 * Runs an install. If the gateway's admission denies its routes, uninstalls the failed attempt and installs in two
 * upgrades: everything but the routes, then the routes.
 */
export async function withStrictAdmission(
  context: OperationContext,
  provider: RoutingProvider,
  install: Install,
): Promise<OperationResult> {
  try {
    return await install(context)
  } catch (error) {
    const { strictAdmission: admission } = provider.description
    if (!admission || !isDenied(error, admission) || context.signal.aborted) throw error
    const { product, backend } = provider.description.texts
    context.emit({
      type: 'note',
      message:
        `${product}'s admission is strict: it denies routes before it knows their ${backend}. Installing in two upgrades, ` +
        'once the failed first try is uninstalled: everything but the routes, then the routes.',
    })
    return await install({ ...context, recover: true }, (request, lock) =>
      installWithoutRoutes(context, { provider, admission }, request, lock),
    )
  }
}

/** Whether an install failed because the gateway did not know the routes' backend yet. */
function isDenied(error: unknown, admission: StrictAdmission): boolean {
  return error instanceof UnfinishedError && admission.denied(error.stderr ?? error.message)
}

interface Strict {
  provider: RoutingProvider
  admission: StrictAdmission
}

/** Installs a request without its routes, and waits until the gateway knows its backend. */
async function installWithoutRoutes(
  context: OperationContext,
  strict: Strict,
  request: UpgradeRequest,
  lock: AppLock | undefined,
): Promise<Revision> {
  const values = withRoutesEnabled(request.values, false)
  await requireNoRoutes(context, strict.provider, { ...request, values })
  const description = request.description.replace(/( \(run [^)]*\))?( \(by [^)]*\))?$/, ' without routes$1$2')
  const started = context.clock.now()
  const made = await applyStep(context, lock, { ...request, values, description }, undefined)
  const seconds = ((context.clock.now() - started) / 1000).toFixed(1)
  context.emit({
    type: 'note',
    message: `helm install: revision ${made.revision}, without routes (${seconds} s)`,
  })
  await backendsKnown(context, strict, made, lock)
  return made
}

/** Throws ExternalError if the chart has no `routes.enabled`: it cannot be installed in two upgrades. */
async function requireNoRoutes(
  { cluster }: { cluster: Releases },
  { description: { kinds, texts } }: RoutingProvider,
  request: UpgradeRequest,
): Promise<void> {
  let cause: unknown
  try {
    const objects = parseManifest(await cluster.render(request))
    if (!objects.some((object) => roleOf(kinds, object) === 'route')) return
  } catch (error) {
    cause = error
  }
  const { app, namespace } = request
  throw new ExternalError(
    `${texts.product}'s admission denies the routes before their ${texts.backend} is there, and this chart cannot leave them out ` +
      '(it has no routes.enabled).',
    {
      state: `${app} is absent: the remains of the first attempt were uninstalled.`,
      nextSteps: [
        `use a chart that leaves the ${texts.route} out where routes.enabled is false, as the bundled one does`,
        `or apply the ${texts.backend} ${app} in namespace ${namespace} by hand first, labelled as Helm's own`,
      ],
      cause,
    },
  )
}

async function backendsKnown(
  { cluster, clock, signal }: OperationContext,
  { provider, admission }: Strict,
  { manifest, namespace }: Revision,
  lock: AppLock | undefined,
): Promise<void> {
  const names = parseManifest(manifest)
    .filter((object) => roleOf(provider.description.kinds, object) === 'backend')
    .map((object) => ({
      apiVersion: textOf(object.apiVersion),
      kind: textOf(object.kind),
      name: nameOf(object) ?? '',
    }))
  const stop = [signal, ...(lock ? [lock.lost] : [])]
  const deadline = clock.now() + LONGEST_WAIT_MS
  while (clock.now() < deadline && !stop.some(({ aborted }) => aborted)) {
    const live = await cluster.liveObjects(names, namespace)
    const seen = live.filter(({ object }) => object && admission.knows(object as JsonObject))
    if (seen.length === names.length) return
    await clock.sleep(LOOK_EVERY_MS, ...stop)
  }
}
