import type { VerifySettings } from '../model/verify-settings.js'
import type { JsonObject } from '../model/values.js'
import { isObject } from '../rollout/merge.js'
import { probePaths } from '../rollout/routing.js'
import { setValue } from '../rollout/set-values.js'
import { readVerifyValues } from '../rollout/verify-values.js'
import type { ProbeSettings } from './context.js'

/**
 * How an app is verified: the `verify:` of its effective values, what `--set-verify` lays over it, and the flags over
 * both; where paths are not named, those of its routes. Throws UsageError, naming the place, for what can't be used.
 */
export function verifySettings(
  { setVerify, tolerance, headers, env }: ProbeSettings,
  values: JsonObject,
): VerifySettings {
  const own = isObject(values.verify) || values.verify === undefined ? (values.verify ?? {}) : values.verify
  const verify = isObject(own) ? setVerify.reduce((merged, text) => setValue(merged, text, false), own) : own
  const settings = readVerifyValues(verify, env)
  return {
    ...settings,
    tolerance: tolerance ?? settings.tolerance,
    paths: settings.paths ?? probePaths(values, settings.probe.method),
    probe: { ...settings.probe, headers: { ...settings.probe.headers, ...headers } },
  }
}
