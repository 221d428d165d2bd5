import { execFile } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { pathWithTools } from '../../../scripts/tools.js'
import { readConfigFile } from '../../../src/cli/session/config-file.js'
import { ExternalError, UsageError } from '../../../src/model/errors.js'
import { parseManifest } from '../../../src/operations/observe/manifest.js'
import { readValuesFile, readValuesFiles } from '../../../src/operations/inputs/values-files.js'

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-yaml-'))
  file = path.join(folder, 'values.yaml')
})
afterAll(() => rm(folder, { recursive: true }))

async function read(content: string | Buffer) {
  await writeFile(file, content)
  return readValuesFile(file)
}

/** `a: &a0 [x, x, …]`, each the ninefold of the one before. */
const laughs = (levels: number) =>
  Array.from({ length: levels }, (_, level) => {
    const items = Array.from({ length: 9 }, () => (level === 0 ? 'ha' : `*a${level - 1}`))
    return `a${level}: &a${level} [${items.join(', ')}]`
  }).join('\n')

/** Many small maps that each take in one large one. */
const mergeBomb = `a: &a {${Array.from({ length: 5000 }, (_, key) => `k${key}: 1`).join(', ')}}\nb:\n${'  - <<: *a\n'.repeat(5000)}`

const HOSTILE: [name: string, content: string | Buffer, says: RegExp][] = [
  ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe, 0x00]), /no text in UTF-8/],
  ['not UTF-8', Buffer.from('a: \xe9', 'latin1'), /no text in UTF-8/],
  ['NUL bytes', 'a: x\0y', /no text in UTF-8/],
  ['UTF-16', Buffer.from('\ufeffa: 1', 'utf16le'), /UTF-16: save it as UTF-8/],
  ['a megabyte too much', Buffer.alloc(2 ** 20 + 1, 'a: 1\n'), /larger than 1024 KiB/],
  ['lists 100,000 deep', '['.repeat(100_000), /more than 100 deep/],
  ['maps 100,000 deep', '{a: '.repeat(100_000), /more than 100 deep/],
  ['compact lists 100,000 deep', '- '.repeat(100_000), /more than 100 deep/],
  ['compact keys 100,000 deep', '? '.repeat(100_000), /more than 100 deep/],
  ['keys in lists without end', '[? '.repeat(3000), /more than 100 deep/],
  [
    'blocks 1000 deep',
    Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
    /100 deep/,
  ],
  ['aliases that expand a billionfold', laughs(10), /line \d+: aliases expand to more than a million values/],
  ['merges that expand to millions', mergeBomb, /more than a million values/],
  ['an alias within its own anchor', 'a: &a [*a]', /line 1: \*a has no anchor before it/],
  ['an alias without anchor', 'a: 1\nb: *a', /line 2: \*a has no anchor before it/],
  ['duplicate keys', 'a: 1\nb: 2\na: 3', /line 3: Map keys must be unique/],
  ['several documents', 'a: 1\n---\nb: 2', /line \d: it holds several documents/],
  ['tabs', 'a:\n\tb: 1', /line 2: Tabs/],
  ['an open quote', 'a: "x\nb: 1', /quote/],
  ['a number beyond all', 'a: .inf', /\.inf is not a number/],
  ['no number', 'a: [.nan]', /\.nan is not a number/],
  [
    'an integer of too many digits',
    'a: 1\nb: 12345678901234567890',
    /line 2: .* write "12345678901234567890"/,
  ],
  [
    'a decimal of too many digits',
    'a: 0.1000000000000000055',
    /line 1: .* rounded to 0\.1: write "0\.10{16}55"/,
  ],
  ['an integer beyond 2^53', 'a: [-9007199254740993]', /rounded to -9007199254740992/],
  ['a hexadecimal beyond 2^53', 'a: 0x20000000000001', /would be rounded to 9007199254740992/],
  ['a number too large', 'a: 1e400', /1e400 is not a number/],
  ['a number too small', 'a: 5e-400', /rounded to 0/],
  [
    'a version as a decimal',
    'deployment:\n  1.10: {}',
    /line 2: the key 1\.10 is 1\.1 to Helm: write "1\.10"/,
  ],
  ['a key that is octal', 'deployment: {007: {}}', /the key 007 is 7 to Helm: write "007"/],
  ['a key that is a boolean', 'a: {x: 1, y: 2}', /the key y is true to Helm: write "y"/],
  ['a key that is nothing', 'a: {~: 1}', /the key ~ is null to Helm/],
  [
    'a tag as a number',
    'app: {image: {repository: x, tag: 1.10}}',
    /app\.image\.tag is text, but 1\.10 is 1\.1 to Helm: write "1\.10"/,
  ],
  ['a commit as a tag', 'image:\n  tag: 1234567', /line 2: image\.tag is text, .* write "1234567"/],
  [
    'a version to route to as a number',
    'routes: {primary: {version: 20}}',
    /routes\.primary\.version is text, but 20/,
  ],
  ['lists as keys', '? [a]\n: 1', /keys must be strings/],
  ['a list', '- a', /holds a list/],
  ['a word', 'a', /holds a single value/],
]

describe('values files: wrong ones are refused in a sentence', () => {
  test.each(HOSTILE)('%s', async (_name, content, says) => {
    const failure = (await read(content).catch((error: unknown) => error)) as UsageError
    expect(failure).toBeInstanceOf(UsageError)
    expect(failure.message).toMatch(says)
    expect(failure.message.length).toBeLessThan(300)
  })

  test('of a file without end, or huge, no more is read than is needed', async () => {
    await writeFile(file, 'a: 1\n')
    await truncate(file, 50 * 2 ** 20)
    const before = process.memoryUsage().rss
    for (const name of [file, '/dev/zero'])
      await expect(readValuesFile(name)).rejects.toThrow(/larger than 1024 KiB/)
    expect(process.memoryUsage().rss - before).toBeLessThan(20 * 2 ** 20)
    await expect(readValuesFile(folder)).rejects.toThrow(/is a folder/)
  })

  test('any text gives a map or a UsageError', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...['a', ': ', '- ', '? ', '\n', '  ', '[', ']', '{', '}', ',', '&a ', '*a', '!!set ', '<<: '],
      ),
      fc.constantFrom(
        ...['"', "'", '|\n', '>-\n', '#', '---\n', '...\n', '%YAML 1.1\n', '!x ', '\t', '0x', '1:2', '~'],
      ),
      fc.constantFrom('__proto__: ', 'constructor: ', '!!binary ', '!!float ', '\ufeff', '\r\n'),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    )
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const values = await read(content).catch((error: unknown) => error)
        if (values instanceof Error) expect(values).toBeInstanceOf(UsageError)
        else expect(JSON.parse(JSON.stringify(values))).toEqual(values)
      }),
      { seed: 4, numRuns: 600 },
    )
  })
})

describe('values files: right ones are read as helm reads them', () => {
  const SCALARS = [
    ...['2001-12-14', '2001-12-14t21:59:43.10-05:00', '1:30', '22:22', '1:30.5', '!!timestamp 2001-12-14'],
    ...['1_000', '0777', '0x1F', '0b101', '+5', '-0', '1e3', '1.5', '.5', '08', '1.10'],
    ...[
      'yes',
      'No',
      'on',
      'OFF',
      'y',
      'n',
      'TRUE',
      '~',
      'Null',
      '',
      '"1"',
      '!!str 1',
      '!foo bar',
      '!!binary aGk=',
    ],
    ...[
      '!!set {a, b}',
      '!!omap [a: 1]',
      '{1: a}',
      '{2001-12-14: x}',
      '{<<: [{a: 1}, {a: 2, b: 3}]}',
      '{a: 1, <<: {a: 2}}',
      '{<<: {a: 2}, a: 1}',
      '=',
      '<<',
    ],
    ...['|\n  x\n  y', '>\n  x\n  y', '{__proto__: {x: 1}}', '{constructor: 1}', '&a [1]', '"\\x41\\u00e9"'],
  ]
  test(`${SCALARS.length} of all kinds`, async () => {
    const content = SCALARS.map((text, index) => `k${index}: ${text}\n`).join('')
    const ours = await read(`\ufeff${content}`)
    const { stdout } = await promisify(execFile)('helm', ['template', 't', await chart(), '--values', file], {
      env: { ...process.env, PATH: await pathWithTools(4) },
    })
    const theirs = JSON.parse((parse(stdout) as { values: string }).values) as Record<string, unknown>
    for (const [index, text] of SCALARS.entries()) {
      expect(JSON.stringify(ours[`k${index}`] ?? null), text).toBe(
        JSON.stringify(theirs[`k${index}`] ?? null),
      )
    }
  })

  async function chart(): Promise<string> {
    const { mkdir } = await import('node:fs/promises')
    await mkdir(path.join(folder, 'chart', 'templates'), { recursive: true })
    await writeFile(path.join(folder, 'chart', 'Chart.yaml'), 'apiVersion: v2\nname: t\nversion: 0.1.0\n')
    await writeFile(
      path.join(folder, 'chart', 'templates', 'o.yaml'),
      'values: {{ toJson .Values | quote }}\n',
    )
    return path.join(folder, 'chart')
  }

  test('whole numbers may be keys', async () => {
    expect(await read('deployment: {20: {}, -1: {}, "1.10": {}}')).toEqual({
      deployment: { '20': {}, '-1': {}, '1.10': {} },
    })
  })

  test('aliases may be used often, keys may be those of every object', async () => {
    const often = await read(`a: &a {b: 1}\nlist:\n${'  - *a\n'.repeat(2000)}`)
    expect(often.list).toHaveLength(2000)
    await writeFile(file, '__proto__: {x: 1}\nconstructor: {z: 1}\n')
    const merged = await readValuesFiles([file, file])
    expect(JSON.stringify(merged)).toBe('{"__proto__":{"x":1},"constructor":{"z":1}}')
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('an empty file holds no values', async () => {
    for (const content of ['', '\n', '# nothing', '---\n', 'null', '\ufeff'])
      expect(await read(content)).toEqual({})
  })
})

describe('canary.yaml', () => {
  const config = async (content: string | Buffer) => {
    await writeFile(path.join(folder, 'canary.yaml'), content)
    return readConfigFile('echo', undefined, folder)
  }
  test.each([
    ...HOSTILE.filter(([name]) => !/number|list|word|duplicate/.test(name)),
    ['a NUL in a setting', 'defaults: {namespace: "a\\0b"}', /namespace contains a NUL character/],
    ['an alias for a setting', 'defaults: {host: &a x, namespace: *a}', /namespace needs a value/],
  ] as typeof HOSTILE)('%s', async (_name, content, says) => {
    const failure = (await config(content).catch((error: unknown) => error)) as UsageError
    expect(failure).toBeInstanceOf(UsageError)
    expect(failure.message).toMatch(
      new RegExp(`${says.source}|larger than 256 KiB|keys must be plain|unknown key|second document`),
    )
  })

  test('apps may be named anything', async () => {
    const { settings } = await config('apps: {__proto__: {host: a}, constructor: {host: b}}')
    expect(settings).toEqual({})
  })
})

test.each(HOSTILE.filter(([, content]) => typeof content === 'string'))(
  'a manifest that is %s',
  (_name, content) => {
    try {
      expect(parseManifest(content as string)).toBeInstanceOf(Array)
    } catch (error) {
      expect(error).toBeInstanceOf(ExternalError)
    }
  },
)
