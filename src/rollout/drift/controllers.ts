import type { Controller, LiveObject, ObjectFields, ObjectName } from '../../model/results/drift.js'
import { malformed } from '../../model/object-form.js'
import { isObject } from '../values/merge.js'

/** Argo CD's default namespace for Applications. */
const ARGO_NAMESPACE = 'argocd'
const API_VERSIONS: Record<Controller['kind'], string> = {
  HelmRelease: 'helm.toolkit.fluxcd.io/v2',
  Kustomization: 'kustomize.toolkit.fluxcd.io/v1',
  Application: 'argoproj.io/v1alpha1',
}

/**
 * The controller that applies these objects, by the labels it sets: Flux's HelmRelease or Kustomization, or an
 * Application of Argo CD. Undefined without such labels.
 */
export function controllerOf(objects: ObjectFields[]): Controller | undefined {
  for (const { metadata } of objects) {
    const { labels, annotations } = isObject(metadata) ? metadata : {}
    const named =
      fluxOf(isObject(labels) ? labels : {}) ??
      argoOf(isObject(labels) ? labels : {}, isObject(annotations) ? annotations : {})
    if (named && isNamedWell(named)) return named
  }
  return undefined
}

/** Anybody can write labels and annotations: names from them have to be valid. */
function isNamedWell(controller: Controller): boolean {
  const { object, namespace } = controllerObject(controller)
  return malformed({ ...object, namespace }) === undefined
}

/** The controller's own object, and its namespace. */
export function controllerObject({ kind, name, namespace = ARGO_NAMESPACE }: Controller): {
  object: ObjectName
  namespace: string
} {
  return { object: { apiVersion: API_VERSIONS[kind], kind, name }, namespace }
}

/** Whether the controller's own object is suspended; false where it could not be read. */
export function isPaused({ kind }: Controller, found: LiveObject | undefined): boolean {
  const spec = found?.object?.spec
  if (!isObject(spec)) return false
  if (kind !== 'Application') return spec.suspend === true
  return !(isObject(spec.syncPolicy) && isObject(spec.syncPolicy.automated))
}

type Texts = Record<string, unknown>

function fluxOf(labels: Texts): Controller | undefined {
  for (const [group, kind] of [
    ['helm', 'HelmRelease'],
    ['kustomize', 'Kustomization'],
  ] as const) {
    const name = labels[`${group}.toolkit.fluxcd.io/name`]
    const namespace = labels[`${group}.toolkit.fluxcd.io/namespace`]
    if (typeof name === 'string') {
      return { tool: 'Flux', kind, name, ...(typeof namespace === 'string' ? { namespace } : {}) }
    }
  }
  return undefined
}

/** A tracking id is `application:group/Kind:namespace/name`. */
function argoOf(labels: Texts, annotations: Texts): Controller | undefined {
  const tracked = annotations['argocd.argoproj.io/tracking-id']
  const name = typeof tracked === 'string' ? tracked.split(':')[0] : labels['argocd.argoproj.io/instance']
  return typeof name === 'string' && name !== '' ? { tool: 'Argo CD', kind: 'Application', name } : undefined
}
