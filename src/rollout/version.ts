import { UsageError } from '../model/errors.js'

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const LABEL_LIMIT = 63

/**
 * Whether a name is a DNS-1123 label, as Kubernetes wants names of its objects. `constructor`, which each JavaScript
 * object has, counts as none: counts and values are kept by version.
 */
export function isLabel(name: string): boolean {
  return name.length <= LABEL_LIMIT && LABEL.test(name) && !(name in {})
}

/** Throws UsageError when app and version together are too long to be the label and name they become. */
export function requireDeploymentName(app: string, version: string): void {
  const deployment = `${app}-${version}`
  if (deployment.length <= LABEL_LIMIT) return
  throw new UsageError(
    `"${deployment}" is too long for the name of a Deployment: ${deployment.length} characters, ${LABEL_LIMIT} at most.`,
    { nextSteps: ['choose a shorter version'] },
  )
}
