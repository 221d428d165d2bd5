import type { ObjectRef } from '../../../model/results/diagnosis.js'

/** Envoy's cluster name of an app's Upstream, and of its shadow's. */
export function clusterOf({ name, namespace }: ObjectRef): string {
  return `${name}_${namespace}`
}

export function shadowClusterOf({ name, namespace }: ObjectRef): string {
  return `${name}-shadow_${namespace}`
}
