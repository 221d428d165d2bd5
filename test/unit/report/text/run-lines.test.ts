import { expect, test } from 'vitest'
import type { RunEvent } from '../../../../src/model/events/run-events.js'
import { createPalette } from '../../../../src/report/terminal/palette.js'
import { RunLines } from '../../../../src/report/text/run-lines.js'
import { checkOf, half, regular } from './samples.js'

const NOW = Date.parse('2026-11-23T10:00:00Z')
const SHIFT = { id: 'shift-50', title: 'shift 50' }

function told(apps: string[], events: RunEvent[]): string {
  const lines = new RunLines(
    createPalette(false),
    apps.map((app) => ({ app })),
    () => NOW,
  )
  return events.flatMap((event) => lines.report(event)).join('\n')
}

const way = (app: string): RunEvent[] => [
  { type: 'wave-started', wave: 'first', apps: [app] },
  { type: 'app-started', app, stage: half, met: [{ id: 'start', title: 'start v2' }], of: 4 },
  { type: 'step-met', app, step: SHIFT, index: 1, of: 4 },
  { type: 'run-step', app, step: { id: 'pause', title: 'pause 10m' }, index: 2, of: 4 },
  {
    type: 'waiting',
    app,
    step: { id: 'pause', title: 'pause 10m' },
    for: 'the pause',
    until: '2026-11-23T10:09:58.700Z',
    watches: true,
  },
  { type: 'operation', app, event: { type: 'check', check: checkOf(regular(0.5), { v1: 243, v2: 258 }) } },
  { type: 'watched', app, step: { id: 'pause', title: 'pause 10m' }, proofs: 1, probes: 918 },
  { type: 'run-step-done', app, step: { id: 'pause', title: 'pause 10m' }, index: 2, of: 4 },
  { type: 'approved', app, step: SHIFT, who: 'bob@host', why: 'looks fine' },
  { type: 'command-line', app, text: 'smoke test: ok' },
  { type: 'app-ended', app, outcome: 'failed', message: 'Traffic contradicts the stage.' },
]

test('of the only app: its steps, set apart; how it ended is told by the result', () => {
  expect(told(['echo'], way('echo'))).toMatchInlineSnapshot(`
    "weighted: 50 % of the requests and those with stage: canary go to v2, the rest to v1
    1 of 4 steps are met, or past: start v2
    2/4 shift 50: met already

    3/4 pause 10m
      … waiting for the pause, 9m59s more, until 2026-11-23T10:09:58Z; the stage is verified meanwhile
      ✔ v2 258/501 (51.5 %, wanted 50 %, interval 44 % to 56.1 %) (1.8 s)
      ✔ verified 1 time meanwhile (918 probes)
      ✔ approved by bob@host (by their own word): looks fine
      > smoke test: ok"
  `)
})

test('what goes on right now: of one app what it does, of several which they are', () => {
  const lives = (apps: string[], events: RunEvent[]) => {
    const lines = new RunLines(
      createPalette(false),
      apps.map((app) => ({ app })),
      () => NOW,
    )
    return events.map((event) => (lines.report(event), lines.live()))
  }
  const counting: RunEvent = {
    type: 'operation',
    app: 'echo',
    event: { type: 'verifying', stage: half, url: 'http://127.0.0.1:80', expectations: [regular(0.5)] },
  }
  const shown = lives(['echo'], way('echo'))
  const pausing = [
    {
      text: 'waiting for the pause, verifying the stage meanwhile',
      until: Date.parse('2026-11-23T10:09:58.700Z'),
    },
  ]
  expect(shown.slice(2, 6)).toEqual([[], ['pause 10m'], pausing, pausing])
  expect(shown.at(-1)).toEqual([])
  expect(lives(['echo'], [way('echo')[3]!, counting]).at(-1)).toEqual([
    'waiting until the proxy serves these routes',
  ])
  expect(lives(['echo', 'foxtrot'], [...way('foxtrot'), ...way('echo').slice(0, 4)]).at(-1)).toEqual([
    'under way: echo; 1 of 2 ended',
  ])
})

test('pods that are waited for are told where something changed', () => {
  const pods = (ready: number, reason?: string): RunEvent => ({
    type: 'operation',
    app: 'echo',
    event: {
      type: 'pods',
      progress: [{ version: 'v2', ready, wanted: 2, problems: reason ? [reason] : [] }],
    },
  })
  expect(told(['echo'], [pods(0), pods(0), pods(0, 'ImagePullBackOff'), pods(1), pods(2)]))
    .toMatchInlineSnapshot(`
    "  … waiting for pods of v2: 0 of 2 ready
      … waiting for pods of v2: 0 of 2 ready: ImagePullBackOff
      … waiting for pods of v2: 1 of 2 ready"
  `)
})

test('of several: each line with its app before it', () => {
  const lines = told(
    ['echo', 'foxtrot'],
    [...way('echo'), { type: 'app-left-out', app: 'foxtrot', why: 'echo failed' }],
  )
  expect(lines).toMatchInlineSnapshot(`
    "
    wave first: echo
    echo    │ weighted: 50 % of the requests and those with stage: canary go to v2, the rest to v1
    echo    │ 1 of 4 steps are met, or past: start v2
    echo    │ 2/4 shift 50: met already
    echo    │ 3/4 pause 10m
    echo    │   … waiting for the pause, 9m59s more, until 2026-11-23T10:09:58Z; the stage is verified meanwhile
    echo    │   ✔ v2 258/501 (51.5 %, wanted 50 %, interval 44 % to 56.1 %) (1.8 s)
    echo    │   ✔ verified 1 time meanwhile (918 probes)
    echo    │   ✔ approved by bob@host (by their own word): looks fine
    echo    │   > smoke test: ok
    echo    │ ✖ Traffic contradicts the stage.
    foxtrot │ - not started: echo failed"
  `)
})
