import { describe, expect, test } from 'vitest'
import type { CanaryEvent } from '../../../../src/model/events/events.js'
import { createPalette } from '../../../../src/report/terminal/palette.js'
import { LiveArea } from '../../../../src/report/terminal/live-area.js'
import { Progress } from '../../../../src/report/terminal/progress.js'
import {
  checkOf,
  deployStep,
  header,
  headerStep,
  marked,
  stable,
  startPlan,
  regular,
} from '../text/samples.js'
import { errorCounts } from '../../../support/answer-errors.js'

class Screen {
  text = ''
  columns = 80
  write(text: string): void {
    this.text += text
  }
}

function tell(events: CanaryEvent[], options: { live: boolean; now?: () => number }): Screen {
  const screen = new Screen()
  const progress = new Progress(screen, { palette: createPalette(false), ...options })
  progress.begin('start echo v2', 'reading the release of echo')
  for (const event of events) progress.emit(event)
  progress.pause()
  return screen
}

const pods = (ready: number, problems: string[] = []): CanaryEvent => ({
  type: 'pods',
  progress: [{ version: 'v2', ready, wanted: 1, problems }],
})

const url = 'http://127.0.0.1:8080'
const start: CanaryEvent[] = [
  { type: 'observed', app: 'echo', namespace: 'echo', stage: stable, revision: 1 },
  { type: 'planned', plan: startPlan },
  { type: 'step-started', step: deployStep, index: 0, of: 2 },
  { type: 'upgraded', step: deployStep, revision: 2, elapsedMs: 412 },
  pods(0),
  pods(0),
  pods(0, ['ImagePullBackOff: Back-off pulling image "echo:nope"']),
  { type: 'pods-ready', versions: ['v2'], elapsedMs: 1200 },
  { type: 'verifying', stage: deployStep.to, url, expectations: deployStep.expectations },
  { type: 'converged', elapsedMs: 310 },
  {
    type: 'check-progress',
    checks: [{ expectation: regular(0), sent: 20, byVersion: { v1: 20 }, interval: [0, 0.26], errors: 0 }],
  },
  { type: 'check', check: checkOf(deployStep.expectations[0]!, { v1: 459 }) },
  { type: 'step-done', step: deployStep, index: 0, of: 2, elapsedMs: 4100 },
  { type: 'step-started', step: headerStep, index: 1, of: 2 },
  { type: 'upgraded', step: headerStep, revision: 3, elapsedMs: 399 },
  { type: 'verifying', stage: header, url, expectations: headerStep.expectations },
  { type: 'check', check: checkOf(regular(0), { v1: 459 }) },
  {
    type: 'check',
    check: {
      ...checkOf(marked, { v2: 21, v1: 1 }),
      verdict: 'fail',
      errors: errorCounts({ 'http 503': 3 }),
      reason: '1 of 22 answers came from v1.',
    },
  },
  { type: 'warning', message: 'v2 shares its image with v1' },
]

test('what has an end counts down to it', () => {
  const screen = new Screen()
  let now = 1000
  const area = new LiveArea(screen, { palette: createPalette(false), live: true, now: () => now })
  area.show([{ text: 'waiting for the pause', until: 601_000 }])
  now = 546_000
  area.print(['a line'])
  area.show([])
  const shown = screen.text.split('\n').filter((line) => line.includes('left'))
  expect(shown.map((line) => line.slice(line.indexOf('waiting')))).toEqual([
    'waiting for the pause (10 min 0 s left)',
    'waiting for the pause (55 s left)',
  ])
})

describe('progress', () => {
  test('off a terminal: one plain line for each change, nothing animated', () => {
    expect(tell(start, { live: false }).text).toBe(`start echo v2: reading the release of echo
echo in namespace echo: stable: every request goes to v1 (revision 1)
plan: 2 steps
  1. deploy v2 beside v1
  2. send requests with stage: canary to v2

step 1 of 2: deploy v2 beside v1
  ✔ helm upgrade: revision 2 (0.4 s)
  … waiting for pods of v2: 0 of 1 ready
  … waiting for pods of v2: 0 of 1 ready: ImagePullBackOff: Back-off pulling image "echo:nope"
  ✔ pods of v2 ready (1.2 s)
  counting answers of http://127.0.0.1:8080
  ✔ the proxy serves these routes (0.3 s)
  ✔ v1 459/459 (1.8 s)
  ✔ verified (step 1: 4.1 s)

step 2 of 2: send requests with stage: canary to v2
  ✔ helm upgrade: revision 3 (0.4 s)
  counting answers of http://127.0.0.1:8080
  ✔ without the header: v1 459/459 (1.8 s)
  ✖ with stage: canary: v2 21/22, v1 1, http 503 3× (1.8 s)
    1 of 22 answers came from v1.
! v2 shares its image with v1
`)
  })

  test('pods that are ready already are not waited for', () => {
    expect(tell([pods(1)], { live: false }).text).toBe('start echo v2: reading the release of echo\n')
  })

  test('a proof before the first step is told apart from those of the steps', () => {
    const verifying = start.find(({ type }) => type === 'verifying')!
    const { text } = tell([{ type: 'planned', plan: startPlan }, verifying], { live: false })
    expect(text).toMatch(/\n\nbefore the first step: the stage as it is\n {2}counting answers/)
  })

  test('on a terminal: what is going on is redrawn in place and gone at the end', () => {
    const { text } = tell(start.slice(0, 11), { live: true, now: () => 0 })
    expect(text).toContain('⠋ reading the release of echo (0.0 s)\n')
    expect(text).toContain('\r\u001b[1A\u001b[Jecho in namespace echo: stable')
    expect(text.endsWith('\r\u001b[1A\u001b[J')).toBe(true)
  })

  test('what is not broken off is known from the start of a step until helm has ended', () => {
    const progress = new Progress(new Screen(), { palette: createPalette(false), live: false })
    const finishing = start.slice(0, 5).map((event) => {
      progress.emit(event)
      return progress.finishing()
    })
    expect(finishing).toEqual([undefined, undefined, 'helm upgrade', undefined, undefined])
    progress.emit({ type: 'step-started', step: headerStep, index: 1, of: 2 })
    progress.emit(pods(1))
    expect(progress.finishing()).toBe('helm upgrade')
  })

  test('live lines are cut to the width of the terminal', () => {
    const problem = 'x'.repeat(200)
    const { text } = tell([pods(0, [problem])], { live: true, now: () => 0 })
    const line = text.split('\n').find((candidate) => candidate.includes('waiting for pods'))!
    expect(line.replace(/^[^]*\[J/, '').length).toBeLessThan(80)
    expect(line).toContain('…')
  })

  test('counting: how many were sent, the share of each version, errors', () => {
    const { text } = tell(
      [
        { type: 'verifying', stage: header, url, expectations: [regular(0.5), marked] },
        {
          type: 'check-progress',
          checks: [
            {
              expectation: regular(0.5),
              sent: 40,
              byVersion: { v1: 19, v2: 20 },
              interval: [0.28, 0.74],
              errors: 1,
            },
            { expectation: marked, sent: 10, byVersion: { v2: 10 }, interval: [0.55, 1], errors: 0 },
          ],
        },
      ],
      { live: true, now: () => 0 },
    )
    expect(text).toContain('without the header: 40 sent, 1 error, v2 51 % (28–74, wanted 50) (0.0 s)')
    expect(text).toContain('with stage: canary: 10 sent, v2 100 % (55–100, wanted 100) (0.0 s)')
  })
})
