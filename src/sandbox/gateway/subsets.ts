import type { Cluster, Destination } from './routes.js'

/** Whether the cluster has subsets with exactly these labels, whatever their values. */
export function isKnownSubset({ subsetKeys = [] }: Cluster, subset: Destination['subset']): boolean {
  const wanted = Object.keys(subset ?? {})
  if (wanted.length === 0) return true
  return subsetKeys.some(
    (keys) => keys.length === wanted.length && wanted.every((name) => keys.includes(name)),
  )
}
