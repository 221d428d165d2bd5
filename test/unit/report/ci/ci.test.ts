import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { RunEvent } from '../../../../src/model/events/run-events.js'
import { CiLog, GITHUB, gitlab } from '../../../../src/report/ci/ci-log.js'
import { CiSummary } from '../../../../src/report/ci/ci-summary.js'
import { renderDocument } from '../../../../src/report/document.js'
import { withoutCommands } from '../../../../src/report/terminal/terminal-text.js'

/** The lines that a log adds to those of a run, `…` standing for the run's own. */
function told(log: CiLog, events: RunEvent[]): string[] {
  return events.flatMap((event) => [...log.before(event), '…', ...log.after(event)])
}

const wave = (name: string, apps: string[], cluster?: string): RunEvent => ({
  type: 'wave-started',
  wave: name,
  apps,
  ...(cluster === undefined ? {} : { cluster }),
})
const done = (app: string, cluster?: string): RunEvent => ({
  type: 'app-ended',
  app,
  outcome: 'done',
  ...(cluster === undefined ? {} : { cluster }),
})

describe('waves can be folded', () => {
  test('one after the other', () => {
    const log = new CiLog(GITHUB, undefined)
    const events = [wave('edge', ['a']), done('a'), wave('rest', ['b', 'c']), done('b'), done('c')]
    expect(told(log, events)).toEqual([
      '::group::wave edge: a',
      '…',
      '…',
      '::endgroup::',
      '::group::wave rest: b, c',
      '…',
      '…',
      '…',
      '::endgroup::',
    ])
  })

  test('not those of clusters side by side, which would overlap', () => {
    const log = new CiLog(GITHUB, undefined)
    const events = [wave('w', ['a'], 'eu'), wave('w', ['a'], 'us'), done('a', 'eu'), done('a', 'us')]
    expect(told(log, events)).toEqual(['::group::wave w in eu: a', '…', '::endgroup::', '…', '…', '…'])
  })

  test('in GitLab by sections', () => {
    const log = new CiLog(
      gitlab(() => 1_700_000_000_900),
      undefined,
    )
    expect(told(log, [wave('edge', ['a']), done('a')])).toEqual([
      '\u001b[0Ksection_start:1700000000:canary_wave_1\r\u001b[0Kwave edge: a',
      '…',
      '…',
      '\u001b[0Ksection_end:1700000000:canary_wave_1\r\u001b[0K',
    ])
  })
})

describe('GitHub notes', () => {
  const step: RunEvent = {
    type: 'run-step',
    app: 'echo',
    step: { id: 'shift-50', title: 'shift 50', line: 12 },
    index: 0,
    of: 1,
  }
  test.each<[string, RunEvent, string]>([
    [
      'what failed, at its step',
      { type: 'app-ended', app: 'echo', outcome: 'failed', message: '50 % wanted:\nfound 0' },
      '::error file=rollouts/a%2Cb.yaml,line=12,title=canary%3A echo%2C exit 3::50 %25 wanted:%0Afound 0',
    ],
    [
      'what waits for somebody',
      { type: 'app-ended', app: 'echo', outcome: 'waiting', message: 'Step qa waits.' },
      '::notice file=rollouts/a%2Cb.yaml,line=12,title=canary%3A echo%2C exit 8::Step qa waits.',
    ],
    [
      'warnings',
      { type: 'operation', app: 'echo', event: { type: 'warning', message: 'odd' } },
      '::warning file=rollouts/a%2Cb.yaml,line=12,title=canary%3A echo::odd',
    ],
  ])('%s', (_title, event, line) => {
    expect(told(new CiLog(GITHUB, 'rollouts/a,b.yaml'), [step, event])).toEqual(['…', '…', line])
  })

  test('without a file without a place', () => {
    const event: RunEvent = { type: 'app-ended', app: 'echo', outcome: 'busy', message: 'held' }
    expect(told(new CiLog(GITHUB, undefined), [event])).toEqual([
      '…',
      '::error title=canary%3A echo%2C exit 10::held',
    ])
  })
})

test.each([
  ['::add-mask::a', ':\u200b:add-mask::a'],
  ['ok\n  ::error::b', 'ok\n  :\u200b:error::b'],
  ['a ##[error]c', 'a #\u200b#[error]c'],
  ['http://x::1 is fine', 'http://x::1 is fine'],
])('what others print is no command to GitHub: %j', (text, harmless) => {
  expect(withoutCommands(text)).toBe(harmless)
})

test.each(['json', 'yaml'] as const)(
  'a document as %s has no command for GitHub, and means the same',
  async (format) => {
    const document = {
      error: { message: 'a\n::add-mask::x\n  ::error::y', details: ['##[error]z', 'plain'] },
      n: 1,
    }
    const text = await renderDocument(document, format, { noCommands: true })
    expect(text).not.toMatch(/^\s*::|##\[/m)
    expect(parse(text)).toEqual(document)
  },
)

describe('the job summary', () => {
  const run = { run: 'nightly', runId: '0123456789ab' }

  test('has a row for each app, what failed, and how to go on', () => {
    const text = new CiSummary().text({
      ...run,
      apps: [
        {
          app: 'echo',
          outcome: 'done',
          stage: { name: 'stable', primary: 'v2' },
          revision: 7,
          steps: { done: 3, met: 1, of: 4 },
        },
        { app: 'golf', cluster: 'eu', outcome: 'failed', message: 'a | b <img> *c*' },
        { app: 'hotel', outcome: 'left out', message: 'eu/golf is not done' },
      ],
      next: ['canary run nightly.yaml'],
    })
    expect(text).toContain('✖ 1 of 3 apps')
    expect(text).toContain('| echo | done | 4 of 4 | 7 | stable: every request goes to v2 |  |')
    expect(text).toContain('**eu/golf**: a \\| b &lt;img> \\*c\\*')
    expect(text).toContain('```\ncanary run nightly.yaml\n```')
  })

  test('stays within what GitHub takes', () => {
    const apps = Array.from({ length: 5000 }, (_, index) => ({
      app: `app-${index}`,
      outcome: 'failed',
      message: 'x'.repeat(1000),
    }))
    expect(Buffer.byteLength(new CiSummary().text({ ...run, apps, next: [] }))).toBeLessThan(1024 * 1024)
  })
})
