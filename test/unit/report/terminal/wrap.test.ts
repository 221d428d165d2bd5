import { describe, expect, test } from 'vitest'
import { createPalette } from '../../../../src/report/terminal/palette.js'
import { wrapText } from '../../../../src/report/terminal/wrap.js'

const TEXT = [
  '✖ The pods of v2 were not ready in 5 minutes: 0 of 3 are.',
  '          ImagePullBackOff: Back-off pulling image "registry.example/echo:nope"',
  '  now     v1 answers every request, as it did before the step.',
  '  next    canary abort echo -n some-namespace --timeout 10m    (back to v1, and the canary is removed)',
  '          look at the events of the pods, and at the image',
  '  primary   v1  ✔ 3/3 pods ready  registry.example/echo:1',
  'echo    │   ✔ helm upgrade: revision 12 of the release was made',
].join('\n')

describe('texts on a terminal', () => {
  test('at 40 columns, broken between words, below where the text begins', () => {
    expect(wrapText(TEXT, 40)).toBe(
      `✖ The pods of v2 were not ready in 5
  minutes: 0 of 3 are.
          ImagePullBackOff: Back-off
          pulling image
          "registry.example/echo:nope"
  now     v1 answers every request, as
          it did before the step.
  next    canary abort echo -n some-namespace --timeout 10m
          (back to v1, and the canary is
          removed)
          look at the events of the
          pods, and at the image
  primary   v1  ✔ 3/3 pods ready 
            registry.example/echo:1
echo    │   ✔ helm upgrade: revision 12
        │     of the release was made`.replace('ready \n', 'ready\n'),
    )
  })

  test.each([40, 60, 80, 140])(
    'at %i columns no line is longer, but commands and words that are',
    (columns) => {
      const lines = wrapText(TEXT, columns).split('\n')
      const long = lines.filter((line) => line.length > columns)
      expect(
        long.filter(
          (line) =>
            !line
              .trim()
              .replace(/^next +/, '')
              .startsWith('canary '),
        ),
      ).toEqual([])
      expect(lines.join(' ').replace(/[│ ]+/g, ' ')).toBe(TEXT.replace(/[│\s]+/g, ' '))
    },
  )

  test('a file, a pipe and a terminal narrower than 40 get the lines as they are', () => {
    expect(wrapText(TEXT, undefined)).toBe(TEXT)
    expect(wrapText(TEXT, 30)).toBe(TEXT)
  })

  test('a number keeps its unit, coloured or not', () => {
    expect(wrapText('  ✔ without the header: v1 459/459 (2.7 s)', 40)).toBe(
      '  ✔ without the header: v1 459/459\n    (2.7 s)',
    )
    const coloured = createPalette(true).dim('(22.1 %, wanted 25 %)')
    expect(wrapText(`  ✔ without the header: v2 67/303 ${coloured}`, 40)).toMatch(/v2 67\/303\n.*22\.1 %/)
  })

  test('a word that is longer than a line is not broken', () => {
    const url = `https://${'long-name.'.repeat(6)}example`
    expect(wrapText(`  now     ${url} does not answer`, 40)).toBe(
      `  now     ${url}\n          does not answer`,
    )
  })

  test.each([
    ['next', '  next    canary finish APP    (and the primary is removed)'],
    ['below', '          canary finish APP    (and the primary is removed)'],
  ])('the remark of a command: %s', (_where, line) => {
    expect(wrapText(line, 40)).toBe(line.replace('    (', '\n          ('))
  })

  test('colours take no room', () => {
    const palette = createPalette(true)
    const line = `${palette.bad('✖')} ${palette.strong('echo')} is not there in any of the namespaces`
    expect(wrapText(line, 40).split('\n')).toEqual([
      `${palette.bad('✖')} ${palette.strong('echo')} is not there in any of the`,
      '  namespaces',
    ])
  })
})
