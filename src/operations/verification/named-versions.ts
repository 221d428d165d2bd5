import { UsageError } from '../../model/errors.js'
import type { Expectation } from '../../model/verify/expectation.js'
import type { JsonObject } from '../../model/values.js'
import type { VerifySettings } from '../../model/verify/verify-settings.js'
import { imageOf } from '../../rollout/plan/app-config.js'
import type { RoutingDescription } from '../../routing/provider.js'

/**
 * Throws UsageError if nothing in the answers could name the version that gave them: neither the gateway nor the default image does,
 * and the values have no rule.
 */
export function requireNamedVersions(
  provider: Pick<RoutingDescription, 'namesVersions' | 'versionSetting'>,
  { app, values, settings }: { app: string; values: JsonObject; settings: VerifySettings },
  expectations: Expectation[],
): void {
  if (settings.version || provider.namesVersions(values)) return
  const routed = expectations.flatMap(({ primary, canary }) => [primary, ...(canary ? [canary] : [])])
  const own = routed.find((version) => imageOf(values, version) !== undefined)
  if (own === undefined) return
  const { reference } = imageOf(values, own)!
  throw new UsageError(
    `No answer of ${app} would name the version that gave it: ${own} runs ${reference}, the values have no verify.version, and the gateway adds no version header.`,
    {
      state: 'Nothing was changed.',
      nextSteps: [
        'name a response header that has the version: verify.version.header in the values',
        'or a place in the body that has it: verify.version.json or verify.version.body; for one command --set-verify',
        `or have the gateway add the version, if it can: ${provider.versionSetting}`,
      ],
    },
  )
}
