import type { AppLock, UpgradeRequest } from '../../cluster/port.js'
import { ExternalError } from '../../model/errors.js'
import type { Revision } from '../../model/release.js'
import { withRoutesEnabled } from '../../rollout/stage/values.js'
import { nameOf } from '../../rollout/drift/drift.js'
import { applyStep, UnfinishedError } from './apply-step.js'
import type { OperationContext, OperationResult } from '../context.js'
import { parseManifest } from '../observe/manifest.js'
import type { PlanToRun } from './run-plan.js'

/**
 * Gloo's webhook, told to be strict, denies a RouteTable whose Upstream it does not know, and Helm makes the kinds it
 * does not know by name: RouteTables before Upstreams.
 */
const UPSTREAM_MISSING = /admission webhook [^]*denied the request[^]*Upstream\s*\{[^}]*\}\s*not found/i
const UPSTREAM = { apiVersion: 'gloo.solo.io/v1', kind: 'Upstream' }
/** Gloo has an Upstream in its snapshot when it has written a status; not every Gloo is set to write them. */
const LONGEST_WAIT_MS = 5000
const LOOK_EVERY_MS = 250

type Install = (context: OperationContext, prepare?: PlanToRun['prepare']) => Promise<OperationResult>

/**
 * Runs an install; where the gateway's admission denied its routes, the failed first try is uninstalled and the install
 * made in two upgrades: everything but the routes, then the routes.
 */
export async function withStrictAdmission(
  context: OperationContext,
  install: Install,
): Promise<OperationResult> {
  try {
    return await install(context)
  } catch (error) {
    if (!isUpstreamMissing(error) || context.signal.aborted) throw error
    context.emit({
      type: 'note',
      message:
        "Gloo's admission is strict: it denies routes before it knows their Upstream. Installing in two upgrades, " +
        'once the failed first try is uninstalled: everything but the routes, then the routes.',
    })
    return await install({ ...context, recover: true }, (request, lock) =>
      installWithoutRoutes(context, request, lock),
    )
  }
}

/** Whether an install failed because the gateway did not know the routes' Upstream yet. */
function isUpstreamMissing(error: unknown): boolean {
  return error instanceof UnfinishedError && UPSTREAM_MISSING.test(error.stderr ?? error.message)
}

/** Installs what a request has but for its routes, and waits until the gateway has seen its Upstream. */
async function installWithoutRoutes(
  context: OperationContext,
  request: UpgradeRequest,
  lock: AppLock | undefined,
): Promise<Revision> {
  const values = withRoutesEnabled(request.values, false)
  await requireNoRoutes(context, { ...request, values })
  const description = request.description.replace(/( \(run [^)]*\))?( \(by [^)]*\))?$/, ' without routes$1$2')
  const started = context.clock.now()
  const made = await applyStep(context, lock, { ...request, values, description }, undefined)
  const seconds = ((context.clock.now() - started) / 1000).toFixed(1)
  context.emit({
    type: 'note',
    message: `helm install: revision ${made.revision}, without routes (${seconds} s)`,
  })
  await upstreamsSeen(context, made, lock)
  return made
}

/** Throws ExternalError where the chart does not know `routes.enabled`: it can't be installed in two upgrades. */
async function requireNoRoutes({ cluster }: OperationContext, request: UpgradeRequest): Promise<void> {
  let cause: unknown
  try {
    const objects = parseManifest(await cluster.render(request))
    if (!objects.some(({ kind }) => kind === 'RouteTable')) return
  } catch (error) {
    cause = error
  }
  const { app, namespace } = request
  throw new ExternalError(
    "Gloo's admission denies the routes before their Upstream is there, and this chart can't leave them out " +
      '(it knows no routes.enabled).',
    {
      state: `${app} is absent: the remains of the first try are uninstalled.`,
      nextSteps: [
        'use a chart that leaves the RouteTable out where routes.enabled is false, as the bundled one does',
        `or apply the Upstream ${app} in namespace ${namespace} by hand first, labelled as Helm's own`,
      ],
      cause,
    },
  )
}

async function upstreamsSeen(
  { cluster, clock, signal }: OperationContext,
  { manifest, namespace }: Revision,
  lock: AppLock | undefined,
): Promise<void> {
  const names = parseManifest(manifest)
    .filter(({ kind }) => kind === UPSTREAM.kind)
    .map((object) => ({ ...UPSTREAM, name: nameOf(object) ?? '' }))
  const stop = [signal, ...(lock ? [lock.lost] : [])]
  const deadline = clock.now() + LONGEST_WAIT_MS
  while (clock.now() < deadline && !stop.some(({ aborted }) => aborted)) {
    const live = await cluster.liveObjects(names, namespace)
    const seen = live.filter(
      ({ object }) => Object.keys((object?.status as object | undefined) ?? {}).length > 0,
    )
    if (seen.length === names.length) return
    await clock.sleep(LOOK_EVERY_MS, ...stop)
  }
}
