import type { Finding } from '../../cluster/port.js'
import { shellWord } from '../../lib/shell-word.js'
import { ExternalError, UsageError } from '../../model/errors.js'
import type { Revision } from '../../model/release.js'
import { tlsSecretOf, type TlsSecret } from '../../routing/gloo/tls.js'
import type { GlooObject } from '../../routing/gloo/objects.js'
import { selectsApiGroup } from '../../routing/gloo/selection.js'
import type { OperationContext } from '../context.js'
import { glooObjects, parseManifest } from '../observe/manifest.js'

/** The objects of an app's routes, and the VirtualServices of others. */
interface RoutesOfApp {
  namespace: string
  own: GlooObject[]
  others: GlooObject[]
}

/**
 * Throws UsageError where the app's own VirtualService takes its certificate from a Secret that is not there: Gloo rejects the
 * VirtualService then, with all of its routes. Of one that others made, and that serves the app, it is a warning.
 */
export async function requireTlsSecrets(context: OperationContext, routes: RoutesOfApp): Promise<void> {
  const found = await missingSecrets(context, routes)
  const missing = found.filter(({ virtualService }) => routes.own.includes(virtualService))
  for (const one of found)
    if (!missing.includes(one)) context.emit({ type: 'warning', message: `${describe(one)}.` })
  if (missing.length === 0) return
  throw new UsageError(`${missing.map(describe).join('; ')}: Gloo would reject it, with all of its routes.`, {
    state: 'Nothing was changed.',
    nextSteps: [
      ...new Set(missing.map(({ secret }) => commandFor(secret))),
      'or correct sslConfig.secretRef: routes.virtualService.sslConfig in the values, if the chart makes the VirtualService',
    ],
  })
}

/** The same of a deployed app, one finding each. */
export async function tlsFindings(
  context: OperationContext,
  { app, namespace, revision }: { app: string; namespace: string; revision: Revision },
): Promise<Finding[]> {
  const own = glooObjects(parseManifest(revision.manifest), namespace)
  try {
    const { virtualServices } = await context.cluster.gateway()
    const missing = await missingSecrets(context, { namespace, own, others: virtualServices })
    return missing.map((one) => ({
      check: `way to ${app}`,
      status: 'problem',
      detail: describe(one),
      remedy: commandFor(one.secret),
    }))
  } catch (error) {
    // That Gloo can't be read is a finding already.
    if (!(error instanceof ExternalError)) throw error
    return []
  }
}

interface Missing {
  virtualService: GlooObject
  secret: TlsSecret
}

async function missingSecrets(
  { cluster, emit }: OperationContext,
  { namespace, own, others }: RoutesOfApp,
): Promise<Missing[]> {
  const tables = own.filter(({ kind }) => kind === 'RouteTable')
  const serving = [
    ...own.filter(({ kind }) => kind === 'VirtualService'),
    ...others.filter((one) =>
      tables.some(({ metadata: { labels = {}, name } }) => selectsApiGroup(one, labels, namespace, name)),
    ),
  ]
  const missing: Missing[] = []
  const asked = new Set<string>()
  for (const virtualService of serving) {
    const secret = tlsSecretOf(virtualService)
    if (!secret || asked.has(`${secret.namespace}/${secret.name}`)) continue
    asked.add(`${secret.namespace}/${secret.name}`)
    try {
      if (!(await cluster.hasObject('Secret', secret.name, secret.namespace)))
        missing.push({ virtualService, secret })
    } catch (error) {
      if (!(error instanceof ExternalError) || error.code !== 403) throw error
      const message = `Your user may not read Secret ${secret.name} in namespace ${secret.namespace}: whether this certificate is there is not known.`
      emit({ type: 'warning', message })
    }
  }
  return missing
}

function describe({ virtualService: { metadata }, secret }: Missing): string {
  return (
    `VirtualService ${metadata.namespace}/${metadata.name} takes its certificate from Secret ${secret.name} ` +
    `in namespace ${secret.namespace}, which is not there`
  )
}

function commandFor({ name, namespace }: TlsSecret): string {
  return `kubectl create secret tls ${shellWord(name)} -n ${shellWord(namespace)} --cert=tls.crt --key=tls.key`
}
