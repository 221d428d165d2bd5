import { kubectlCommand } from '../../model/command-line.js'
import type { Finding } from '../../model/results/doctor.js'
import { ExternalError, UsageError } from '../../model/errors.js'
import type { Revision } from '../../model/release.js'
import type { Certificate, RoutingProvider } from '../../routing/provider.js'
import type { OperationContext } from '../context.js'
import { parseManifest } from '../observe/manifest.js'
import { providerOf } from '../observe/provider.js'

/**
 * Throws UsageError if one of the app's objects takes its certificate from a missing Secret: the gateway would reject
 * the object with all its routes. For other owners' objects that serve the app, warns.
 */
export async function requireTlsSecrets(
  context: OperationContext,
  { description: { texts } }: RoutingProvider,
  certificates: Certificate[],
): Promise<void> {
  const found = await missingSecrets(context, certificates)
  const missing = found.filter(({ isOwn }) => isOwn)
  for (const one of found) if (!one.isOwn) context.emit({ type: 'warning', message: `${describe(one)}.` })
  if (missing.length === 0) return
  throw new UsageError(
    `${missing.map(describe).join('; ')}: ${texts.product} would reject it, with all of its routes.`,
    {
      state: 'Nothing was changed.',
      nextSteps: [...new Set(missing.map(({ secret }) => commandFor(secret))), texts.certificateSetting],
    },
  )
}

/** The same for a deployed app, as findings. */
export async function tlsFindings(
  context: OperationContext,
  { app, namespace, revision }: { app: string; namespace: string; revision: Revision },
): Promise<Finding[]> {
  try {
    const view = await providerOf(context, revision).view()
    const certificates = view.certificates(parseManifest(revision.manifest), namespace)
    return (await missingSecrets(context, certificates)).map((one) => ({
      check: `way to ${app}`,
      status: 'problem',
      detail: describe(one),
      remedy: commandFor(one.secret),
    }))
  } catch (error) {
    // Another finding reports that the gateway cannot be read.
    if (!(error instanceof ExternalError)) throw error
    return []
  }
}

async function missingSecrets(
  { cluster, emit }: OperationContext,
  certificates: Certificate[],
): Promise<Certificate[]> {
  const missing: Certificate[] = []
  const asked = new Set<string>()
  for (const certificate of certificates) {
    const { name, namespace } = certificate.secret
    if (asked.has(`${namespace}/${name}`)) continue
    asked.add(`${namespace}/${name}`)
    try {
      if (!(await cluster.hasObject('Secret', name, namespace))) missing.push(certificate)
    } catch (error) {
      if (!(error instanceof ExternalError) || error.code !== 403) throw error
      const message = `No permission to read Secret ${name} in namespace ${namespace}: cannot check that this certificate exists.`
      emit({ type: 'warning', message })
    }
  }
  return missing
}

function describe({ user, secret }: Certificate): string {
  return `${user} takes its certificate from Secret ${secret.name} in namespace ${secret.namespace}, which is not there`
}

function commandFor({ name, namespace }: Certificate['secret']): string {
  return kubectlCommand(['create', 'secret', 'tls', name, '--cert=tls.crt', '--key=tls.key'], namespace)
}
