import type { Json, JsonObject } from '../../model/values.js'
import type { ProbeSettings, VerifySettings } from '../../model/verify/verify-settings.js'
import { isObject } from '../../rollout/values/merge.js'
import { probePaths } from '../../rollout/values/probe-paths.js'
import { setValue } from '../../rollout/values/set-values.js'
import { readVerifyValues } from '../../rollout/values/verify-values.js'
import { type Asked, requireOwnMetrics, requireOwnProbes, requireVariable } from './allowed-requests.js'

/**
 * How an app is verified: the `verify:` of its effective values, overridden by `--set-verify`, overridden by flags;
 * paths default to those of the routes. Throws UsageError, naming the place, for invalid settings and for what only the
 * caller may decide (see Allowance). `metrics` includes Prometheus in that check.
 */
export function verifySettings(
  probes: ProbeSettings,
  { app, values, metrics = false }: { app: string; values: JsonObject; metrics?: boolean },
): VerifySettings {
  const { setVerify, defaultVerify, tolerance, headers, allow, env } = probes
  const lay = (over: string[], base: JsonObject) =>
    over.reduce((merged, text) => setValue(merged, text, false), base)
  const own = values.verify ?? {}
  const verify = isObject(own)
    ? withoutHeaders(lay(setVerify, lay(defaultVerify, own)), Object.keys(headers))
    : own
  const asked: Asked = { app, values, allow, callers: lay(setVerify, {}) }
  const settings = readVerifyValues(verify, (name, place) => {
    requireVariable(name, place, asked)
    return env(name)
  })
  requireOwnProbes(settings, asked)
  if (metrics) requireOwnMetrics(settings, asked)
  return {
    ...settings,
    tolerance: tolerance ?? settings.tolerance,
    paths: settings.paths ?? probePaths(values, settings.probe.method),
    probe: { ...settings.probe, headers: { ...settings.probe.headers, ...headers } },
  }
}

/** Without the request headers that the caller sets, in any letter case: their values are not even read. */
function withoutHeaders(verify: JsonObject, names: string[]): JsonObject {
  const { request } = verify
  if (!isObject(request) || !isObject(request.headers)) return verify
  const given = new Set(names.map((name) => name.toLowerCase()))
  const headers = Object.entries(request.headers).filter(([name]) => !given.has(name.toLowerCase()))
  return { ...verify, request: { ...request, headers: Object.fromEntries(headers) as Json } }
}
