import { quotedLine } from '../command-line.js'
import type { Json } from '../values.js'

/** A name under which the API has an object; the namespace is separate. */
export interface ObjectName {
  apiVersion: string
  kind: string
  name: string
}

/** What the cluster has under a name: nothing where there is no such object. */
export interface LiveObject extends ObjectName {
  object?: ObjectFields
}

/** An object's fields as the API answers them. */
export type ObjectFields = Record<string, unknown>

/** Who wrote a field by other means than Helm: the manager's name as the API server keeps it, and when (ISO time). */
export interface FieldWriter {
  manager: string
  at?: string
}

/** One thing in which an object of the cluster is not as the release deployed it. */
export interface Difference extends Pick<ObjectName, 'kind' | 'name'> {
  /** The field, e.g. `spec.template.spec.containers[echo-v1].image`; undefined where the whole object is gone. */
  path?: string
  /** The value deployed. */
  wanted?: Json
  /** The live value; undefined if the field is missing. */
  found?: Json
  by?: FieldWriter
}

/** A HorizontalPodAutoscaler that sets the replicas of a Deployment. */
export interface Autoscaler {
  name: string
  deployment: string
  min: number
  max: number
}

/** An autoscaler whose number of replicas is not the release's: Helm would set it back at each upgrade. */
export interface Autoscaled extends Autoscaler {
  /** Replicas as deployed, and as the autoscaler has set them. */
  wanted: number
  found: number
}

/** What applies the release by itself, and would undo what canary does. */
export interface Controller {
  tool: 'Flux' | 'Argo CD'
  kind: 'HelmRelease' | 'Kustomization' | 'Application'
  name: string
  namespace?: string
}

/** Longer values are cut short in lines for people. */
const LONGEST_VALUE = 80

/** One line: `Deployment echo-v1: spec.replicas is 3, deployed was 1 (kubectl, 3 min ago)`; `when` words a time. */
export function describeDifference(
  { kind, name, path, wanted, found, by }: Difference,
  when: (iso: string) => string = (iso) => `at ${iso}`,
): string {
  if (path === undefined) return `${kind} ${name} is gone: somebody deleted it`
  const who = by ? ` (${by.manager}${by.at ? `, ${when(by.at)}` : ''})` : ''
  const [is, was] =
    Array.isArray(wanted) && Array.isArray(found) && wanted.length !== found.length
      ? [`has ${counted(found.length)}`, `were ${wanted.length}`]
      : [found === undefined ? 'is not there' : `is ${shown(found)}`, `was ${shown(wanted)}`]
  return `${kind} ${name}: ${path} ${is}, deployed ${was}${who}`
}

/** One line: `HPA echo-v1 has set 7 replicas (2 to 10) of Deployment echo-v1, deployed were 1`. */
export function describeAutoscaled({ name, deployment, min, max, wanted, found }: Autoscaled): string {
  return `HPA ${name} has set ${found} replicas (${min} to ${max}) of Deployment ${deployment}, deployed were ${wanted}`
}

/** `Flux's HelmRelease echo in namespace apps`. */
export function describeController({ tool, kind, name, namespace }: Controller): string {
  return `${tool}'s ${kind} ${name}${namespace ? ` in namespace ${namespace}` : ''}`
}

/** The command by which the controller leaves the release alone for a while. */
export function pauseCommand({ kind, name, namespace }: Controller): string {
  if (kind === 'Application') return quotedLine(['argocd', 'app', 'set', name, '--sync-policy', 'none'])
  return quotedLine(['flux', 'suspend', kind.toLowerCase(), name, ...(namespace ? ['-n', namespace] : [])])
}

function counted(entries: number): string {
  return entries === 1 ? '1 entry' : `${entries} entries`
}

function shown(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text
}
