import type { JsonObject } from '../../../src/model/values.js'

/** The seed's six values files, as data. */
const routes = { apiGroup: 'example', primary: { version: 'v1' } }
const both = { v1: {}, v2: {} }
const headers = { stage: 'canary' }

export const SEED: Record<1 | 2 | 3 | 4 | 5 | 6, JsonObject> = {
  1: { deployment: { v1: {} }, routes },
  2: { deployment: both, routes },
  3: { deployment: both, routes: { ...routes, canary: { version: 'v2', headers } } },
  4: { deployment: both, routes: { ...routes, canary: { version: 'v2', weight: 50, headers } } },
  5: { deployment: both, routes: { ...routes, canary: { version: 'v2', weight: 100, headers } } },
  6: { deployment: { v2: {} }, routes: { apiGroup: 'example', primary: { version: 'v2' } } },
}

export function found(config: JsonObject, app = 'echo') {
  return { app, namespace: app, config }
}
