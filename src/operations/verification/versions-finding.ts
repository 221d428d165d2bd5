import { CanaryError } from '../../model/errors.js'
import type { Finding } from '../../model/results/doctor.js'
import type { Revision } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import { expectationsOf } from '../../rollout/stage/expectations.js'
import { effectiveValues } from '../../rollout/values/merge.js'
import type { OperationContext } from '../context.js'
import { providerOf } from '../observe/provider.js'
import { namesNothing, unnamedVersion, VersionNaming, versionsOf, waysToName } from './named-versions.js'
import { verifySettings } from './verify-settings.js'

/** What tells the versions of an app apart if its answers do not; empty if they do. */
export async function versionsFinding(
  context: OperationContext,
  { app, namespace, stage, revision }: { app: string; namespace: string; stage: Stage; revision: Revision },
): Promise<Finding[]> {
  const check = `versions of ${app}`
  const provider = providerOf(context, revision)
  const naming = new VersionNaming(provider)
  try {
    const values = effectiveValues(revision.chart.values, revision.config)
    const settings = verifySettings(context.probes, { app, values })
    const expectations = expectationsOf(app, stage)
    const unnamed = unnamedVersion(provider.description, values, settings, versionsOf(expectations))
    if (!unnamed) return []
    const remedy = waysToName(provider.description).join('\n')
    try {
      await naming.require({ name: app, namespace }, values, settings, expectations)
    } catch (error) {
      if (!(error instanceof CanaryError)) throw error
      return [{ check, status: 'problem', detail: [error.message, ...error.details].join(' '), remedy }]
    }
    const detail = `no answer names its version (${namesNothing(unnamed)}): they are counted by the proxies' own counters`
    return [{ check, status: 'warning', detail, remedy }]
  } catch (error) {
    if (!(error instanceof CanaryError)) throw error
    return [{ check, status: 'problem', detail: error.message }]
  } finally {
    await naming.close()
  }
}
