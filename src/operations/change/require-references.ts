import { commented, kubectlCommand } from '../../model/command-line.js'
import { ExternalError, UsageError } from '../../model/errors.js'
import type { Plan } from '../../model/plan.js'
import type { JsonObject } from '../../model/values.js'
import { isNamespaceThere } from '../observe/absent.js'
import { isObject, mergeValues } from '../../rollout/values/merge.js'
import { type Reference, referencesOf } from '../../rollout/values/references.js'
import type { OperationContext } from '../context.js'

/**
 * Checks that Secrets, ConfigMaps and ServiceAccounts of a plan's new pods exist. Throws UsageError listing the missing
 * ones before anything is changed; without permission to read them, warns.
 */
export async function requireReferences(
  { cluster, emit }: OperationContext,
  plan: Plan,
  chartValues: JsonObject,
): Promise<void> {
  const { namespace } = plan
  const references = plan.steps.flatMap(({ values, readyAfter, name }, index) => {
    const before = plan.steps[index - 1]?.values ?? plan.before
    const isNew = (version: string) => name === 'upgrade' || !deploys(before, version)
    return readyAfter
      .filter(isNew)
      .flatMap((version) => referencesOf(mergeValues(chartValues, values), version))
  })
  if (references.length === 0) return
  const there = await Promise.all(
    references.map(async ({ kind, name }) => {
      try {
        return await cluster.hasObject(kind, name, namespace)
      } catch (error) {
        if (!(error instanceof ExternalError) || error.code !== 403) throw error
        return undefined
      }
    }),
  )
  const unread = references.filter((_, index) => there[index] === undefined)
  if (unread.length > 0) {
    const names = unread.map(({ kind, name }) => `${kind} ${name}`).join(', ')
    emit({ type: 'warning', message: `No permission to check that these exist: ${names}` })
  }
  const missing = references.filter((_, index) => there[index] === false)
  if (missing.length === 0) return
  const hasNamespace = await isNamespaceThere(cluster, namespace)
  throw notThere(missing, namespace, hasNamespace)
}

function deploys(values: JsonObject | undefined, version: string): boolean {
  return isObject(values?.deployment) && version in values.deployment
}

function notThere(missing: Reference[], namespace: string, hasNamespace: boolean): UsageError {
  const names = missing.map(({ kind, name }) => `${kind} ${name}`).join(', ')
  return new UsageError(`Missing in namespace ${namespace}: ${names} (pods cannot start without it).`, {
    state: 'Nothing was changed.',
    details: missing.map(({ kind, name, place }) => `${place}: ${kind} ${name}`),
    nextSteps: [
      ...(hasNamespace
        ? []
        : [commented(kubectlCommand(['create', 'namespace', namespace]), 'it is not there yet')]),
      ...missing.map((reference) => commandFor(reference, namespace)),
      'or correct the names in the values',
    ],
  })
}

function commandFor({ kind, name, place, keys }: Reference, namespace: string): string {
  const create = (...words: string[]) => kubectlCommand(['create', ...words], namespace)
  if (kind === 'ServiceAccount') return create('serviceaccount', name)
  const literals = (keys.length > 0 ? keys : ['KEY']).map((key) => `--from-literal=${key}=…`)
  if (kind === 'ConfigMap')
    return create('configmap', name, ...(keys.length > 0 ? literals : ['--from-file=…']))
  if (place.includes('.pullSecrets[')) {
    const flags = ['--docker-server=…', '--docker-username=…', '--docker-password=…']
    return create('secret', 'docker-registry', name, ...flags)
  }
  return create('secret', 'generic', name, ...literals)
}
