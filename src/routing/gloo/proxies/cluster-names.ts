import type { ObjectRef } from '../../../model/results/diagnosis.js'

/** Envoy's name for an app's Upstream, and for that of its shadow. */
export function clusterOf({ name, namespace }: ObjectRef): string {
  return `${name}_${namespace}`
}

export function shadowClusterOf({ name, namespace }: ObjectRef): string {
  return `${name}-shadow_${namespace}`
}
