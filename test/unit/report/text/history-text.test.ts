import { describe, expect, test } from 'vitest'
import type { HistoryEntry } from '../../../../src/model/results/history.js'
import { renderHistory } from '../../../../src/report/text/history-text.js'
import { createPalette } from '../../../../src/report/terminal/palette.js'

const headers = { stage: 'canary' }
const entries: HistoryEntry[] = [
  {
    revision: 3,
    when: '2026-03-01T10:00:00.123Z',
    status: 'superseded',
    stage: { name: 'header', primary: 'v1', canary: 'v2', headers },
    weight: 0,
    what: 'start echo v2: send requests with stage: canary to v2',
    who: 'ann@host',
    proof: 'pass',
    byCanary: true,
  },
  {
    revision: 6,
    when: '2026-03-01T11:58:00.000Z',
    status: 'failed',
    stage: { name: 'weighted', primary: 'v1', canary: 'v2', headers, weight: 50 },
    weight: 50,
    what: 'failed (weight 0 → 50): Upgrade "echo" failed: denied',
    proof: 'not recorded',
  },
  {
    revision: 7,
    when: '2026-03-01T11:59:30.000Z',
    status: 'deployed',
    stage: { name: 'deployed', primary: 'v1', canary: 'v2' },
    what: 'by hand: canary route to v2 removed',
    proof: 'not recorded',
    byCanary: false,
  },
]
const view = { app: 'echo', namespace: 'echo', entries, gaps: [{ from: 4, to: 5 }], older: 0 }
const now = Date.parse('2026-03-01T12:00:00Z')
const plain = createPalette(false)

describe('a history', () => {
  test('piped: a line a revision, with exact times', () => {
    expect(renderHistory(view, plain, { now })).toBe(
      `
REVISION  WHEN                  STAGE          VERSIONS  PROOF   STATUS      BY        WHAT HAPPENED
3         2026-03-01T10:00:00Z  header         v1 → v2   ✔ pass  superseded  ann@host  start echo v2: send requests with stage: canary to v2
(revisions 4 to 5 are no longer kept)
6         2026-03-01T11:58:00Z  weighted 50 %  v1 → v2   -       failed      -         failed (weight 0 → 50): Upgrade "echo" failed: denied
7         2026-03-01T11:59:30Z  deployed       v1 → v2   -       deployed    -         by hand: canary route to v2 removed
`.trim(),
    )
  })

  test('on a wide terminal: ages, and what happened in a column of its own', () => {
    expect(renderHistory(view, plain, { now, columns: 120 })).toBe(
      `
REVISION  WHEN       STAGE          VERSIONS  PROOF   STATUS      BY        WHAT HAPPENED
3         2 h ago    header         v1 → v2   ✔ pass  superseded  ann@host  start echo v2: send requests with stage:
                                                                            canary to v2
(revisions 4 to 5 are no longer kept)
6         2 min ago  weighted 50 %  v1 → v2   -       failed      -         failed (weight 0 → 50): Upgrade "echo"
                                                                            failed: denied
7         30 s ago   deployed       v1 → v2   -       deployed    -         by hand: canary route to v2 removed
`.trim(),
    )
  })

  test('on a narrow terminal: what happened below', () => {
    expect(renderHistory({ ...view, entries: entries.slice(2) }, plain, { now, columns: 80 })).toBe(
      `
REVISION  WHEN      STAGE     VERSIONS  PROOF  STATUS    BY
7         30 s ago  deployed  v1 → v2   -      deployed  -
          by hand: canary route to v2 removed
`.trim(),
    )
  })

  test.each([
    [60, 'REVISION  STAGE          VERSIONS  PROOF   STATUS'],
    [50, 'REVISION  STAGE          PROOF   STATUS'],
    [40, 'REVISION  STAGE          PROOF'],
  ])('at %i columns the least important ones are left out, and no row is broken', (columns, heads) => {
    const lines = renderHistory(view, plain, { now, columns }).split('\n')
    expect(lines[0]).toBe(heads)
    expect(lines.filter((line) => line.length > columns)).toEqual([])
  })

  test('says what is not shown, and what is gone', () => {
    const lines = (older: number, from: number) =>
      renderHistory(
        { ...view, namespace: 'shop', entries: entries.slice(0, 1), gaps: [{ from, to: 2 }], older },
        plain,
        {
          now,
        },
      ).split('\n')
    expect(lines(0, 1)[1]).toBe('(older revisions are no longer kept)')
    expect(lines(0, 2)[1]).toBe('(revision 2 is no longer kept)')
    expect(lines(4, 2)[1]).toBe('(4 older revisions: canary history echo -n shop --limit 5)')
  })

  test('colours say nothing that the text does not', () => {
    const coloured = renderHistory(view, createPalette(true), { now })
    expect(coloured).toContain('\u001b[32m✔ pass')
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(renderHistory(view, plain, { now }))
  })
})
