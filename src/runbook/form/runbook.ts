import * as v from 'valibot'
import { WEEKDAYS } from '../runbook.js'
import {
  analysis,
  closedMap,
  described,
  duration,
  flag,
  id,
  mapOf,
  names,
  numberWithin,
  percent,
  scalar,
  text,
  textLike,
  timeOfDay,
  verifySettings,
  version,
} from './parts.js'
import { clusterSettings, settings } from './settings.js'
import { canaryHeaders, image, step, when } from './step.js'

const variable = closedMap({
  description: v.optional(described('For people', text)),
  required: v.optional(described('Refuse to run without a value', flag)),
  pattern: v.optional(described('Regular expression that the value must match', text)),
  default: v.optional(described('Value if none is given: text, as written, so 1.10 is not 1.1', scalar)),
  env: v.optional(described('Environment variable that gives the value if --var does not', text)),
})

const window = closedMap({
  days: v.optional(
    described('Days on which it opens; default: all', v.pipe(v.array(v.picklist(WEEKDAYS)), v.minLength(1))),
  ),
  from: described('When it opens', timeOfDay),
  to: described('When it closes', timeOfDay),
  overnight: v.optional(described('It closes on the next day', flag)),
  tz: described('IANA time zone, like Europe/Berlin', text),
})

const cluster = closedMap({
  context: described('Context of the kubeconfig', text),
  kubeconfig: v.optional(described("Kubeconfig file, from the runbook's folder", text)),
  after: v.optional(described('Clusters to be done before', names('cluster'))),
  ...clusterSettings,
})

const wave = closedMap({
  name: v.optional(described('Unique in the file', id)),
  apps: described('Names of apps', v.pipe(v.array(text), v.minLength(1))),
  parallel: v.optional(
    described(
      'How many of its apps roll out at a time; default 1',
      numberWithin(1, 100, 'a whole number from 1 to 100', { whole: true }),
    ),
  ),
  failFast: v.optional(described('After a failure, start no further app of the wave; default true', flag)),
})

const rollout = closedMap({
  to: described('The version to roll out', version),
  image: v.optional(image),
  headers: v.optional(canaryHeaders),
  weights: described('Shares of the canary, rising', v.pipe(v.array(percent), v.minLength(1))),
  pause: v.optional(described('After each share', duration)),
  analyze: v.optional(
    described("Before each share, compare the canary's errors and latency with the primary's", analysis),
  ),
  verify: v.optional(verifySettings),
})

/** Keys of which a runbook has exactly one. */
export const EITHER = ['steps', 'rollout'] as const

/** The form of a runbook's file: its schema for editors, its types and the reader's checks are made of this. */
export const runbookForm = closedMap(
  {
    apiVersion: described('Format of the file', v.literal('canary/v1')),
    kind: v.literal('Runbook'),
    name: v.optional(described('What the rollout is called, for people', text)),
    vars: v.optional(
      described(
        'Variables, used as ${name} in any text; set with --var name=value',
        mapOf(
          textLike(
            'the name of a variable: small letters, digits and "_", beginning with a letter',
            '^[a-z][a-z0-9_]*$',
          ),
          v.nullable(variable),
        ),
      ),
    ),
    defaults: v.optional(settings),
    windows: v.optional(described('Times of the week that steps may wait for', mapOf(id, window))),
    clusters: v.optional(
      described(
        "Clusters by name; default: the cluster of the flags or the kubeconfig's",
        v.pipe(mapOf(id, cluster), v.minEntries(1)),
      ),
    ),
    waves: v.optional(
      described(
        'Groups of apps, one after the other; default: one of all apps',
        v.pipe(v.array(wave), v.minLength(1)),
      ),
    ),
    apps: described(
      'Apps by the name of their Helm release',
      v.pipe(
        mapOf(
          textLike(
            'the name of a Helm release: at most 53 small letters, digits and "-"',
            '^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$',
          ),
          settings,
        ),
        v.minEntries(1),
      ),
    ),
    onFailure: v.optional(
      described('What follows a failed step; default stop', v.picklist(['stop', 'abort', 'ask'])),
    ),
    steps: v.optional(
      described('What is done with each app, in order', v.pipe(v.array(step), v.minLength(1))),
    ),
    rollout: v.optional(
      described('Short for steps: start, each share with a pause after it, finish', rollout),
    ),
  },
  'a runbook, which is a map',
)

/** A runbook as written. */
export type WrittenRunbook = v.InferOutput<typeof runbookForm>
export type WrittenVariable = v.InferOutput<typeof variable>
export type WrittenWindow = v.InferOutput<typeof window>
export type WrittenRollout = v.InferOutput<typeof rollout>

/** Parts that the schema for editors names, in place of repeating them. */
export const DEFINITIONS = {
  analysis,
  duration,
  id,
  percent,
  settings,
  step,
  timeOfDay,
  verify: verifySettings,
  version,
  when,
}
