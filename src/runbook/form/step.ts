import * as v from 'valibot'
import {
  analysis,
  closedMap,
  described,
  duration,
  flag,
  id,
  mapOf,
  names,
  percent,
  scalar,
  text,
  verifyEntries,
  verifySettings,
  version,
} from './parts.js'

const VERSION_OR_MAP = 'a version (text, in quotes if it looks like a number) or a map'
const DURATION_OR_MAP = 'a duration like 10m or 1h30m (units are h, m, s and ms), or a map'
const COMMAND_OR_MAP = 'a command for the shell, or a map'
const MESSAGE_OR_MAP = 'a message or a map'

export const when = described(
  'Conditions; all must hold',
  v.pipe(
    closedMap({
      window: v.optional(described('Name of a window: wait until it is open', text)),
      cluster: v.optional(described('Only in this cluster, or these', names('cluster'))),
      app: v.optional(described('Only for this app, or these', names('app'))),
      var: v.optional(
        described(
          'Only if these variables have these values: text, as written',
          v.pipe(mapOf(text, scalar), v.minEntries(1)),
        ),
      ),
    }),
    v.minEntries(1),
  ),
)

export const image = described('Image of the version', text)
export const canaryHeaders = described(
  'Headers that send a request to the canary; default stage: canary',
  v.pipe(mapOf(text, text), v.minEntries(1)),
)

/** What any step may have beside its word. */
const named = {
  id: v.optional(
    described('Name of the step for --until, --approve and the journal; unique in the file', id),
  ),
  name: v.optional(described('What the step is for, for people', text)),
  when: v.optional(when),
}
const timeout = v.optional(
  described(
    "Limit for pods to become ready or to go, for run's command, or for the answer to approve",
    duration,
  ),
)
const timed = { ...named, timeout }
const verified = { ...timed, verify: v.optional(verifySettings) }
const analyze = v.optional(
  described("Before the share rises, compare the canary's errors and latency with the primary's", analysis),
)

/** The steps with settings, by their word. */
export const STEP_FORMS = {
  install: described(
    'Installs the app if it is absent',
    closedMap({
      install: v.union(
        [
          version,
          closedMap({
            version,
            image: v.optional(image),
            chart: v.optional(
              described(
                "Folder or .tgz from the runbook's folder, oci://REGISTRY/CHART or REPO/CHART; default: the one that comes with canary",
                text,
              ),
            ),
            chartVersion: v.optional(described('Version of a published chart', text)),
            values: v.optional(
              described(
                "Values files for the chart, from the runbook's folder; later ones win",
                v.pipe(v.array(text), v.minLength(1)),
              ),
            ),
          }),
        ],
        VERSION_OR_MAP,
      ),
      ...verified,
    }),
  ),
  start: described(
    'Deploys the version, then sends canary requests to it',
    closedMap({
      start: v.union(
        [
          version,
          closedMap({
            version,
            image: v.optional(image),
            headers: v.optional(canaryHeaders),
            deployOnly: v.optional(described('Sends nobody to the canary yet', flag)),
            shadow: v.optional(
              described('Percent of the requests copied to the canary; with deployOnly', percent),
            ),
            versionValues: v.optional(
              described("File with settings of the version, from the runbook's folder", text),
            ),
          }),
        ],
        VERSION_OR_MAP,
      ),
      ...verified,
    }),
  ),
  shift: described(
    'Sends a share of the regular requests to the canary',
    closedMap({ shift: described('Percent of the regular requests', percent), ...verified, analyze }),
  ),
  finish: described(
    'Makes the canary the primary and removes the old pods',
    closedMap({
      finish: described(
        'Settings, or {}',
        v.nullable(closedMap({ jump: v.optional(described('Also from weight 0', flag)) })),
      ),
      ...verified,
      analyze,
    }),
  ),
  abort: described(
    'Goes back to the old version',
    closedMap({ abort: described('{}', v.nullable(closedMap({}))), ...verified }),
  ),
  pause: described(
    "Waits, counted from the release's last change",
    closedMap({
      pause: v.union(
        [
          duration,
          closedMap({
            for: described("Counted from the release's last change", duration),
            watch: v.optional(described('Keep verifying meanwhile; default true', flag)),
          }),
        ],
        DURATION_OR_MAP,
      ),
      ...named,
      verify: v.optional(verifySettings),
    }),
  ),
  approve: described(
    'Waits for a person',
    closedMap({
      approve: v.union(
        [
          text,
          v.nullable(
            closedMap({
              id: v.optional(id),
              message: v.optional(described('The question', text)),
              by: v.optional(
                described(
                  'Who may approve. other: anybody but who started the run, by the names the API server reports',
                  v.picklist(['other', 'anyone']),
                ),
              ),
              timeout: v.optional(described('Limit for the answer', duration)),
            }),
          ),
        ],
        MESSAGE_OR_MAP,
      ),
      ...timed,
    }),
  ),
  run: described(
    'Runs a command with the stage in its environment; it must be safe to run twice',
    closedMap({
      run: v.union(
        [
          v.pipe(text, v.minLength(1)),
          closedMap({
            command: described('For the shell; its exit code decides', v.pipe(text, v.minLength(1))),
            timeout: v.optional(described('Limit for the command', duration)),
          }),
        ],
        COMMAND_OR_MAP,
      ),
      ...timed,
    }),
  ),
  verify: described(
    'Verifies the stage the app is in',
    closedMap({
      verify: described(
        'Settings, or {}',
        v.nullable(
          closedMap({
            analyze: v.optional(
              described("Compare the canary's errors and latency with the primary's", analysis),
            ),
            ...verifyEntries,
          }),
        ),
      ),
      ...named,
    }),
  ),
}

/** A step with its settings, as written. */
export type WrittenStep = v.InferOutput<(typeof STEP_FORMS)[keyof typeof STEP_FORMS]>
export type WrittenStart = Extract<WrittenStep, { start: unknown }>['start']
export type WrittenVerify = v.InferOutput<typeof verifySettings>
export type WrittenAnalysis = v.InferOutput<typeof analysis>

const { install, start, shift, finish, abort, pause, approve, run, verify } = STEP_FORMS

export const step = v.pipe(
  v.union(
    [
      described('A step without settings', v.picklist(['finish', 'abort', 'verify'])),
      install,
      start,
      shift,
      finish,
      abort,
      pause,
      approve,
      run,
      verify,
    ],
    'a step',
  ),
  v.title('a step'),
)
