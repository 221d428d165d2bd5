import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { pathWithTools } from '../../../scripts/tools.js'
import { UsageError } from '../../../src/model/errors.js'
import type { JsonObject } from '../../../src/model/values.js'
import { setValue } from '../../../src/rollout/values/set-values.js'

/** Expressions that Helm takes, all with the key `a`. */
const TAKEN = [
  ...['a=1', 'a.b=x', 'a=', 'a= ', 'a= 1', 'a=1 ', 'a =1', 'a=b=c', 'a=x y', 'a="x"', "a='x'", 'a=x\ny'],
  ...['a=true', 'a=False', 'a=tRuE', 'a=null', 'a=NULL', 'a=yes', 'a=~', 'a=\\true', 'a.b=null,a.c=1'],
  ...['a=0', 'a=00', 'a=007', 'a=-3', 'a=-0', 'a=+5', 'a=-007', 'a=0x10', 'a=1_000', 'a=--', 'a=-'],
  ...['a=1.5', 'a=1e3', 'a=0.0', 'a=12345678901234567890', 'a=9007199254740991', 'a=\\1'],
  ...['a={x,1,true}', 'a={}', 'a={ }', 'a={,}', 'a={x,}', 'a={,x}', 'a={null,true,1}', 'a={1, 2}'],
  ...[
    'a={x\\,y,z}',
    'a={x\\}y}',
    'a={a=1,b}',
    'a={1,2},',
    'a=x{y}',
    'a=}',
    'a=\\{x\\}',
    'a={\\1}',
    'a={"b":1}',
  ],
  ...['a[0]=x', 'a[1].b=x', 'a[0][1]=x', 'a[2]=x', 'a[00]=x', 'a[0].b=1,a[0].c=2', 'a[0]={x,y}'],
  ...['a.b[1].c[0].d=x', 'a.b[0]=x', 'a[0]=1,a[2]=3', 'a[1]=x,a[0]=y'],
  ...[
    'a.b\\.c=x',
    'a.b\\,c=x',
    'a.b\\=c=x',
    'a.b\\[0\\]=x',
    'a.b\\\\c=x',
    'a.b\\.c[0].d=z',
    'a.b c=1',
    'a.b]=1',
  ],
  ...[
    'a=x\\,y',
    'a=x\\y',
    'a=x\\',
    'a=x\\=y',
    'a=\\,',
    'a=1\\,b=2',
    'a=x:y',
    'a=#x',
    'a=$x',
    'a=\u00e9',
    'a=1,',
  ],
  ...['a.b=1,a.b=2', 'a.b=1,a.c=2', 'a.b=1,a.b=x', 'a.__proto__.x=1', 'a.constructor=1'],
]

const REFUSED = [
  ...[
    'a',
    'a.b',
    'a=1,b',
    'a=1,,b=2',
    ',a=1',
    ',',
    'a..b=1',
    'a.=1',
    'a[x]=1',
    'a[-1]=1',
    'a[]=1',
    'a[0]b=1',
  ],
  ...[
    'a={x',
    'a={x}y',
    'a={x,{y}}',
    'a={{x}}',
    'a={1}{2}',
    'a=[1,2]',
    'a[65537]=1',
    'a=1,a.b=2',
    `${'a.'.repeat(31)}a=1`,
  ],
]
/** Helm leaves these out, or half of them, without a word, or keeps them exactly where JSON can't. */
const STRICTER = ['=1', '.a=1', '[0]=1', 'a[0]', 'a[0].=1', 'a={x,y}.b=1', 'a=9007199254740993']

let folder: string
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  env = { ...process.env, PATH: await pathWithTools(4) }
  folder = await mkdtemp(path.join(tmpdir(), 'canary-set-'))
  await mkdir(path.join(folder, 'templates'))
  await writeFile(path.join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: t\nversion: 0.1.0\n')
  await writeFile(path.join(folder, 'templates', 'o.yaml'), 'values: {{ toJson .Values | quote }}\n')
})
afterAll(() => rm(folder, { recursive: true }))

async function helm(flag: string, expressions: string[]): Promise<JsonObject> {
  const args = ['template', 't', folder, ...expressions.flatMap((text) => [flag, text])]
  const { stdout } = await promisify(execFile)('helm', args, { env })
  return JSON.parse((parse(stdout) as { values: string }).values) as JsonObject
}

describe.each([
  ['--set', false],
  ['--set-string', true],
] as const)('%s', (flag, asString) => {
  test(`reads ${TAKEN.length} expressions as helm does`, async () => {
    // Each with a key of its own, so that one helm reads them all.
    const own = TAKEN.map((text, index) => text.replace(/^a|(?<=,)a(?=[.[])/g, `a${index}`))
    const read = own.map((text) => [text, setValue({}, text, asString)] as const)
    const theirs = await helm(flag, own)
    for (const [index, [text, values]] of read.entries()) {
      expect(values[keyOf(values)], text).toEqual(theirs[keyOf(values)])
      expect(keyOf(values).trim(), text).toBe(`a${index}`)
    }
  })

  test('refuses what helm refuses', async () => {
    for (const text of REFUSED) {
      expect(() => setValue({}, text, asString), text).toThrow(UsageError)
    }
    const refusals = await Promise.allSettled(REFUSED.map((text) => helm(flag, [text])))
    expect(refusals.map(({ status }) => status)).toEqual(REFUSED.map(() => 'rejected'))
  })

  test.each(asString ? STRICTER.slice(0, -1) : STRICTER)(
    'refuses %s, which helm would not do as written',
    (text) => {
      expect(() => setValue({}, text, asString)).toThrow(UsageError)
    },
  )
})

function keyOf(values: JsonObject): string {
  return Object.keys(values)[0] ?? ''
}

test('any text gives values or a UsageError, and changes nothing that it was not given', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a',
      '.',
      ',',
      '=',
      '[',
      ']',
      '{',
      '}',
      '\\',
      '0',
      '-',
      '__proto__',
      'constructor',
      'null',
      '\0',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
  const there = { a: { b: [1, null, { c: 2 }] } }
  const before = JSON.stringify(there)
  fc.assert(
    fc.property(text, fc.boolean(), (expression, asString) => {
      try {
        expect(JSON.parse(JSON.stringify(setValue(there, expression, asString)))).toBeTypeOf('object')
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError)
      }
      expect(JSON.stringify(there)).toBe(before)
      expect(({} as Record<string, unknown>).x).toBeUndefined()
    }),
    { seed: 4, numRuns: 3000 },
  )
})

test('versions and image tags are text as they are written', () => {
  expect(
    setValue({}, 'routes.primary.version=20,app.image.tag=0020,app.image.repository=true,a.tag=1', false),
  ).toEqual({
    routes: { primary: { version: '20' } },
    app: { image: { tag: '0020', repository: true } },
    a: { tag: 1 },
  })
  expect(setValue({ image: { tag: '1.9' } }, 'image.tag=1.10', false)).toEqual({ image: { tag: '1.10' } })
  expect(setValue({}, 'image.tag=null', false)).toEqual({ image: { tag: null } })
})

test('a piece of a secret is not repeated', () => {
  expect(() => setValue({}, 'db.password=hun,ter2', false)).toThrow(/^"…" is not of the form/)
})
