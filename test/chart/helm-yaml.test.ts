import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { HELM_MAJORS, type HelmMajor } from '../../scripts/tools.js'
import { plainScalar } from '../../src/lib/yaml/helm-scalars.js'
import { writeYaml } from '../../src/lib/yaml/write.js'
import { template } from './helm.js'

/** A chart that gives back its values as JSON. */
let chart: string
beforeAll(async () => {
  chart = await mkdtemp(path.join(tmpdir(), 'canary-chart-'))
  await mkdir(path.join(chart, 'templates'))
  await writeFile(path.join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: t\nversion: 0.1.0\n')
  await writeFile(path.join(chart, 'templates', 'o.yaml'), 'values: {{ toJson .Values | quote }}\n')
})
afterAll(() => rm(chart, { recursive: true }))

/** What helm reads in a values file. */
async function readByHelm(major: HelmMajor, text: string): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await template(major, text, { chart })
  if (exitCode !== 0) throw new Error(stderr)
  return JSON.parse((parse(stdout) as { values: string }).values) as Record<string, unknown>
}

const WORDS = [
  ...[
    'NO',
    'no',
    'on',
    'Off',
    'y',
    'N',
    'YES',
    'True',
    'tRUE',
    'null',
    'Null',
    '~',
    '',
    '=',
    '<<',
    '.inf',
    '.NaN',
  ],
  ...[
    '0123',
    '0o17',
    '0O7',
    '-0o7',
    '0x1F',
    '0X1F',
    '0b11',
    '1_000',
    '0x_1',
    '1__0',
    '+1',
    '-0',
    '089',
    '08.5',
  ],
  ...[
    '1e3',
    '1E+3',
    '1e_3',
    '1_e3',
    '.5',
    '-.5',
    '1.',
    '1.10',
    '._5',
    '1:20:30',
    '190:20:30.5',
    '2001-01-01',
  ],
  ...[
    '2001-12-14t21:59:43.10-05:00',
    '12345678901234567890',
    '1e400',
    '0.1000000000000000055',
    '1.10.3',
    '-',
    '?',
  ],
  ...[
    '- a',
    'a: b',
    'a #b',
    '#a',
    '&a',
    '*a',
    '!a',
    '%a',
    '@a',
    '`a',
    '|',
    '>',
    '{}',
    '[]',
    '{{ a }}',
    "it's",
    '"',
  ],
  ...[
    ' a',
    'a ',
    '\ta',
    'a\t',
    'a\n',
    '\na',
    'a\nb',
    'a\n\n',
    ' a\nb',
    '\n',
    'a\r\nb',
    '---',
    '...',
    'a\n---\nb',
  ],
  ...[
    'a\u0085b',
    'a\u2028b',
    '\ufeffa',
    '\u0000',
    '\u001b[31m',
    '\u007f',
    '\ufffe',
    '\u{10ffff}',
    'ü',
    '😀',
    ':',
    'a:',
  ],
]
const text = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({ unit: fc.constantFrom(...'0123456789_.+-eExXoObBaf:'), maxLength: 8 }),
  fc.string({ unit: fc.constantFrom(...'aA0 \n\t:#-?,[]{}&*!|>\'"%@`\\\u0085\u2028'), maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const key = fc.oneof(text, fc.string({ unit: 'grapheme', minLength: 1000, maxLength: 1100 }))
const number = fc
  .oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((value) => value + 0)
const scalar = fc.oneof(text, text, number, fc.boolean())
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}))

describe.each(HELM_MAJORS)('Helm %i', (major) => {
  test('reads what we write as what it was', async () => {
    const written = { words: WORDS, keys: Object.fromEntries(WORDS.map((word, index) => [word, index])) }
    expect(await readByHelm(major, writeYaml(written))).toEqual(written)
    const many = fc.array(value, { minLength: 60, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(many, fc.boolean(), async (values, quoted) => {
        expect(await readByHelm(major, writeYaml({ values }, { quoted }))).toEqual({ values })
      }),
      { seed: 16, numRuns: 10, endOnFailure: true },
    )
  })

  test('takes an unquoted scalar for what we take it', async () => {
    const unquoted = fc.oneof(
      fc.constantFrom(
        ...WORDS.filter((word) => /^[-+.0-9A-Za-z~=<][-+.:_0-9A-Za-z<]*(?<!:)$/.test(word) && word !== '-'),
      ),
      fc.string({ unit: fc.constantFrom(...'00112789__..+-eExXoObBf'), minLength: 1, maxLength: 9 }),
    )
    const isUsable = (word: string) => {
      const meant = plainScalar(word)
      return word !== '-' && (typeof meant !== 'number' || Number.isFinite(meant))
    }
    const many = fc.array(unquoted.filter(isUsable), { minLength: 500, maxLength: 500 })
    await fc.assert(
      fc.asyncProperty(many, async (words) => {
        const file = `words:\n${words.map((word) => `  - ${word}\n`).join('')}`
        const { words: read } = await readByHelm(major, file)
        expect(words.map((word, index) => [word, (read as unknown[])[index]])).toEqual(
          words.map((word) => [word, plainScalar(word)]),
        )
      }),
      { seed: 16, numRuns: 5, endOnFailure: true },
    )
  })
})
