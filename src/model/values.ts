/** Any JSON value: Helm values, API objects and our own JSON output consist of these. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** Configuration of one version, the value of `deployment.<version>`: `{}` is the chart's default image. */
export type VersionConfig = JsonObject

/** `routes.canary`: the version that gets canary requests, and a share of the regular ones. */
export interface CanaryRoute {
  version: string
  /** Percent of regular requests, integer 0..100; absent in the values means 0. */
  weight: number
  /** Headers that pin a request to the canary, at least one. */
  headers: Record<string, string>
}

/** `routes.shadow`: the version that gets copies of requests, whose answers nobody sees. */
export interface ShadowRoute {
  version: string
  /** Percent of the requests, above 0, up to 100. */
  percentage: number
}

/**
 * The part of the values that the steps of a rollout own. Everything else (`routes.apiGroup`, `verify`, …) belongs to
 * the user and stays untouched.
 */
export interface StageValues {
  /** Configuration by version; the keys are the versions deployed. */
  deployment: Record<string, VersionConfig>
  primary: string
  canary?: CanaryRoute
  /** Only without a canary. */
  shadow?: ShadowRoute
}
