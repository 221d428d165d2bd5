import type {
  Autoscaled,
  Autoscaler,
  Difference,
  LiveObject,
  ObjectFields,
} from '../../model/results/drift.js'
import { isSecretKey } from '../../lib/secrets/secret-keys.js'
import { MASK } from '../../lib/secrets/known-secrets.js'
import { maskSecrets } from '../../lib/secrets/secrets.js'
import { identifyingField, type PathStep, pathText } from '../../lib/tree.js'
import type { Json, JsonObject } from '../../model/values.js'
import { writerOf } from './field-writers.js'
import { isObject } from '../values/merge.js'

/**
 * Fields by which the API identifies the entries of a list, most specific first. An entry that the manifest does not
 * name belongs to somebody else, and is no drift.
 */
const LIST_KEYS = ['mountPath', 'name', 'containerPort', 'port']
/** Groups whose lists have such keys; a custom resource's lists are compared as a whole. */
const BUILT_IN = /^(v1|apps\/|batch\/|autoscaling\/|policy\/|networking\.k8s\.io\/)/
/** Fields with quantities, where `1` equals `1000m`. */
const QUANTITIES = /\.(limits|requests)\.|\.sizeLimit$/

/**
 * Where the cluster's objects differ from a manifest, object by object in the manifest's order. Fields that the
 * manifest does not set are ignored: they are defaults or owned by others. Objects missing in `live` could not be read
 * and count as equal; so does `spec.replicas` of the Deployments in `autoscaled`.
 */
export function driftOf(
  manifest: JsonObject[],
  live: LiveObject[],
  autoscaled: ReadonlySet<string> = new Set(),
): Difference[] {
  return manifest.flatMap((wanted) => {
    const { apiVersion, kind } = wanted
    const name = nameOf(wanted)
    const read = live.find((entry) => entry.kind === kind && entry.name === name)
    if (!read || typeof apiVersion !== 'string' || typeof kind !== 'string' || name === undefined) return []
    const { object } = read
    if (!object || isGoing(object)) return [{ kind, name }]
    const keyed = BUILT_IN.test(apiVersion)
    const found: FieldDifference[] = []
    for (const [field, value] of Object.entries(ownFields(wanted)))
      compare(value, object[field] as Json | undefined, [field], keyed, found)
    return found
      .map(({ path, wanted, found }): Difference => ({
        kind,
        name,
        path: pathText(path),
        wanted: shown(path, wanted),
        ...(found === undefined ? {} : { found: shown(path, found) }),
        by: writerOf(object, path),
      }))
      .filter(({ path }) => !(kind === 'Deployment' && path === 'spec.replicas' && autoscaled.has(name)))
  })
}

/** The autoscalers of the manifest's Deployments whose number of replicas differs from the manifest. */
export function autoscaledOf(
  manifest: JsonObject[],
  live: LiveObject[],
  autoscalers: Autoscaler[],
): Autoscaled[] {
  return autoscalers.flatMap((autoscaler) => {
    const { deployment } = autoscaler
    const wanted = manifest.find((object) => object.kind === 'Deployment' && nameOf(object) === deployment)
    const object = live.find((entry) => entry.kind === 'Deployment' && entry.name === deployment)?.object
    if (!wanted || !object) return []
    const replicas = { wanted: replicasOf(wanted), found: replicasOf(object) }
    return replicas.wanted === undefined || replicas.found === undefined || replicas.wanted === replicas.found
      ? []
      : [{ ...autoscaler, wanted: replicas.wanted, found: replicas.found }]
  })
}

export function nameOf({ metadata }: JsonObject): string | undefined {
  return isObject(metadata) && typeof metadata.name === 'string' ? metadata.name : undefined
}

/** The version of a Deployment in a manifest, by its pods' label; undefined for any other object. */
export function versionOf({ kind, spec }: JsonObject): string | undefined {
  const template = kind === 'Deployment' && isObject(spec) ? spec.template : undefined
  const metadata = isObject(template) ? template.metadata : undefined
  const labels = isObject(metadata) ? metadata.labels : undefined
  return isObject(labels) && typeof labels.version === 'string' ? labels.version : undefined
}

/** The fields that a manifest sets, without those that identify the object. */
function ownFields({ metadata, ...rest }: JsonObject): JsonObject {
  const { labels, annotations } = isObject(metadata) ? metadata : {}
  const fields = Object.entries(rest).filter(([field]) => !['apiVersion', 'kind', 'status'].includes(field))
  return {
    metadata: { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    ...Object.fromEntries(fields),
  }
}

function isGoing({ metadata }: ObjectFields): boolean {
  return isObject(metadata) && metadata.deletionTimestamp !== undefined
}

function replicasOf({ spec }: ObjectFields): number | undefined {
  return isObject(spec) && typeof spec.replicas === 'number' ? spec.replicas : undefined
}

interface FieldDifference {
  path: PathStep[]
  wanted: Json
  found?: Json | undefined
}

function compare(
  wanted: Json,
  found: Json | undefined,
  path: PathStep[],
  keyed: boolean,
  differences: FieldDifference[],
): void {
  if (isObject(wanted) && (isObject(found) || (found === undefined && Object.keys(wanted).length > 0))) {
    const there: JsonObject = isObject(found) ? found : {}
    for (const [field, value] of Object.entries(wanted))
      compare(value, there[field], [...path, field], keyed, differences)
    return
  }
  if (Array.isArray(wanted) && Array.isArray(found)) {
    const key = keyed ? identifyingField(wanted, LIST_KEYS) : undefined
    if (key !== undefined) return compareByKey(wanted as JsonObject[], found, key, path, differences)
    if (wanted.length === found.length) {
      for (const [index, entry] of wanted.entries()) {
        compare(entry, found[index], [...path, { entry: index }], keyed, differences)
      }
      return
    }
  } else if (isSame(wanted, found, pathText(path))) {
    return
  }
  differences.push({ path, wanted, found })
}

/** A value for display, with secrets masked. */
function shown(path: PathStep[], value: Json): Json {
  const names = path.map((step) => (typeof step === 'string' ? step : String(step.entry)))
  return names.some(isSecretKey) ? MASK : maskSecrets(value)
}

function compareByKey(
  wanted: JsonObject[],
  found: Json[],
  key: string,
  path: PathStep[],
  differences: FieldDifference[],
): void {
  for (const entry of wanted) {
    const value = entry[key] as string | number
    const own = [...path, { entry: value }]
    const there = found.find((other) => isObject(other) && other[key] === value)
    if (there === undefined) differences.push({ path: own, wanted: entry })
    else compare(entry, there, own, true, differences)
  }
}

/** The API omits empty fields, and accepts a number as text in some. */
function isSame(wanted: Json, found: Json | undefined, path: string): boolean {
  if (found === undefined || found === null) return isEmpty(wanted)
  if (typeof wanted === 'object' || typeof found === 'object') return false
  const [one, other] = [String(wanted), String(found)]
  return one === other || (QUANTITIES.test(path) && quantity(one) === quantity(other))
}

function isEmpty(value: Json): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

const SUFFIXES: Record<string, number> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
} // prettier-ignore

/** A Kubernetes quantity as a number (`1000m` is 1); other text unchanged. */
function quantity(text: string): number | string {
  const [, digits, suffix = ''] = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)$/.exec(text) ?? []
  const factor = SUFFIXES[suffix]
  // Rounded: 0.1 and 100m must be equal.
  return digits === undefined || factor === undefined
    ? text
    : Number((Number(digits) * factor).toPrecision(12))
}
