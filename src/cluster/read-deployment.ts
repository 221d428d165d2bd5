import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ExternalError, UsageError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import type { ClusterOptions } from './cluster.js'
import { kubectlFlags } from './kubectl.js'

/** A Deployment and the Services of its namespace. */
export interface FoundDeployment {
  deployment: JsonObject
  /** None where they may not be read. */
  services: JsonObject[]
}

/** Deployments are small, but lists of Services are not bounded. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * Reads a Deployment through kubectl; without a namespace from the one of its context. Throws UsageError where there is
 * none of that name, ExternalError where kubectl fails.
 */
export async function readDeployment(
  name: string,
  options: ClusterOptions & { namespace?: string },
): Promise<FoundDeployment> {
  const deployment = await getJson(['deployment', name], options)
  const { namespace = options.namespace } = deployment.metadata as { namespace?: string }
  try {
    const list = await getJson(['services'], { ...options, namespace })
    return { deployment, services: Array.isArray(list.items) ? (list.items as JsonObject[]) : [] }
  } catch {
    // Without the Service the container's ports tell as much.
    return { deployment, services: [] }
  }
}

async function getJson(
  what: string[],
  { namespace, ...options }: ClusterOptions & { namespace?: string },
): Promise<JsonObject> {
  const args = [
    'get',
    ...what,
    '-o',
    'json',
    ...(namespace ? ['-n', namespace] : []),
    ...kubectlFlags(options),
  ]
  const command = `kubectl ${args.join(' ')}`
  try {
    const { stdout } = await promisify(execFile)('kubectl', args, { maxBuffer: MAX_BYTES })
    return JSON.parse(stdout) as JsonObject
  } catch (error) {
    const { stderr = '', code } = error as { stderr?: string; code?: number | string }
    if (/\(NotFound\)/.test(stderr)) {
      throw new UsageError(`There is no ${what.join(' ')}${namespace ? ` in namespace ${namespace}` : ''}.`, {
        state: 'Nothing was written.',
        nextSteps: ['kubectl get deployments -A    (those that there are)', 'name its namespace with -n'],
        cause: error,
      })
    }
    const why = code === 'ENOENT' ? 'kubectl was not found' : stderr.trim().split('\n')[0]
    throw new ExternalError(`The Deployment can't be read: ${why || String(error)}.`, {
      state: 'Nothing was written.',
      nextSteps: ['canary doctor    (what canary needs)', command],
      command,
      code: typeof code === 'number' ? code : undefined,
      stderr,
      cause: error,
    })
  }
}
