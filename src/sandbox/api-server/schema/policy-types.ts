import type { TypeDefinition } from './types.js'

/** The checked part of policy/v1. */
export const POLICY_TYPES: Record<string, TypeDefinition> = {
  'policy.v1.PodDisruptionBudget': {
    fields: {
      apiVersion: 'string',
      kind: 'string',
      metadata: 'meta.v1.ObjectMeta',
      spec: 'policy.v1.PodDisruptionBudgetSpec',
      status: 'any',
    },
  },
  'policy.v1.PodDisruptionBudgetSpec': {
    fields: {
      maxUnavailable: 'int-or-string',
      minAvailable: 'int-or-string',
      selector: 'meta.v1.LabelSelector',
      unhealthyPodEvictionPolicy: 'string',
    },
  },
}
