import type { KubeObject } from '../../api-server/objects.js'
import type { Admit } from '../../api-server/registry/context.js'
import { RESOURCES } from '../../api-server/resources.js'
import { ApiError } from '../../api-server/status.js'
import type { ObjectStore } from '../../api-server/store.js'
import type { FaultRegistry } from '../../faults.js'
import { type Snapshot, translate } from './translate.js'

/**
 * Gloo's validating webhook in strict mode, which denies what would be rejected or cause a warning: translates like
 * Gloo, with the change and without it. RouteTables are checked even without a VirtualService that leads to them.
 */
export function strictAdmission(faults: FaultRegistry, store: ObjectStore): Admit {
  return ({ resource, object, isDeletion }) => {
    if (faults.of('strict-admission').length === 0) return
    const isTable = resource === RESOURCES.routetables
    if (!isTable && !(isDeletion && resource === RESOURCES.upstreams)) return
    const before: Snapshot = {
      virtualServices: store.list(RESOURCES.virtualservices),
      routeTables: store.list(RESOURCES.routetables),
      upstreams: store.list(RESOURCES.upstreams),
    }
    const others = (objects: KubeObject[]) => objects.filter((one) => !isSame(one, object))
    const after: Snapshot = isTable
      ? { ...before, routeTables: [...others(before.routeTables), ...(isDeletion ? [] : [object])] }
      : { ...before, upstreams: others(before.upstreams) }
    const known = problemsOf(before)
    const own = isTable && !isDeletion ? problemsOf({ ...after, virtualServices: [leadingTo(object)] }) : []
    const causes = new Set([...own, ...problemsOf(after).filter((problem) => !known.includes(problem))])
    if (causes.size > 0) throw denied(object, [...causes].join('; '))
  }
}

/** Gloo's objections to a snapshot; empty if it cannot be translated. */
function problemsOf(snapshot: Snapshot): string[] {
  try {
    return translate(snapshot).problems
  } catch (error) {
    return [`could not unmarshal raw object: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** A VirtualService for a table without one. */
function leadingTo({ metadata: { name, namespace } }: KubeObject): KubeObject {
  return {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'default', namespace: 'gloo-system' },
    spec: { virtualHost: { domains: ['*'], routes: [{ delegateAction: { ref: { name, namespace } } }] } },
  }
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace
}

function denied({ kind, metadata }: KubeObject, causes: string): ApiError {
  const what = `*v1.${kind} name:"${metadata.name}" namespace:"${metadata.namespace}"`
  return new ApiError(
    400,
    '',
    'admission webhook "gloo.gloo-system.svc" denied the request: resource incompatible with current Gloo snapshot: ' +
      `[Validating *v1.${kind} failed: validating ${what}: ${causes}]`,
  )
}
