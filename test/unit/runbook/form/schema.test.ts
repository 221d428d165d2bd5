import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { assert, constantFrom, integer, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { runbookSchema } from '../../../../scripts/make-runbook-schema.js'
import { checkForm } from '../../../../src/runbook/form/check.js'

// Editors check runbooks by the JSON schema, canary by the form that it is made of: held against each other.

function validatorOf(schema: object) {
  return new Ajv({ allowUnionTypes: true, validateFormats: false }).compile(schema)
}

const EVERY_KIND = `
apiVersion: canary/v1
kind: Runbook
name: nightly
vars:
  to: {required: true, pattern: '^v[0-9]+$', description: The version, env: TO}
  pause: {default: 10m}
  plain:
defaults: {namespace: shop, probeRate: 100, header: {stage: canary}, setVerify: [expect.status=200-299], tolerance: 5}
windows: {office: {days: [mon, tue], from: "09:00", to: "16:00", tz: Europe/Berlin, overnight: false}}
clusters:
  eu: {context: prod-eu, kubeconfig: k.yaml, namespace: eu}
  us: {context: prod-us, after: eu}
  asia: {context: prod-asia, after: [eu, us], timeout: 5m}
waves:
  - {name: edge, apps: [echo]}
  - {apps: [foxtrot, golf], parallel: 2, failFast: false}
apps: {echo: {namespace: echo, scale: auto}, foxtrot: {header: stage=canary}, golf: }
onFailure: abort
steps:
  - install: {version: v1, values: [base.yaml], chart: ./chart}
  - install: v1
    when: {app: [echo, golf], cluster: eu, window: office, var: {pause: 10m}}
    timeout: 5m
  - start: {version: '\${to}', image: shop:2, headers: {stage: canary}, deployOnly: true, shadow: 10}
  - start: '\${to}'
  - verify
  - verify: {tolerance: 2.5, paths: [/a], rate: 50, timeout: 1m, analyze: 30s}
  - approve: Fine?
  - approve: {id: qa, message: Fine?, timeout: 24h}
  - shift: 5
    analyze: true
    verify: {tolerance: 2.5}
  - shift: '\${to}'
    id: odd
  - pause: 10m
  - pause: {for: 1h, watch: false}
  - run: ./smoke.sh
  - run: {command: ./smoke.sh, timeout: 2m}
  - finish
  - finish: {jump: true}
  - abort
`
const SHORT = `
apiVersion: canary/v1
kind: Runbook
apps: {echo: {}}
rollout: {to: v2, weights: [5, 25, 100], pause: 10m, analyze: 30s, verify: {rate: 10}}
`

/** What may be put in the place of any value of a document. */
const ODD = [
  null,
  '',
  0,
  -1,
  1.5,
  101,
  true,
  'x',
  'finish',
  '10m',
  '${to}',
  '/a',
  [],
  ['a'],
  [5],
  {},
  { version: 'v2' },
]
const KEYS = [
  'steps',
  'rollout',
  'when',
  'id',
  'shift',
  'version',
  'apps',
  'context',
  'values',
  'toString',
  'x y',
]

interface Place {
  holder: Record<string, unknown> | unknown[]
  key: string | number
}

function placesIn(value: unknown): Place[] {
  if (Array.isArray(value)) return value.flatMap((item, key) => [{ holder: value, key }, ...placesIn(item)])
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])])
}

/** The document with one value replaced, left out, or put under another key. */
function changed(document: unknown, [at, how, odd, key]: [number, number, number, number]): unknown {
  const copy = structuredClone(document)
  const places = placesIn(copy)
  const { holder, key: old } = places[at % places.length]!
  if (Array.isArray(holder)) {
    if (how === 0) holder.splice(Number(old), 1)
    else holder[Number(old)] = ODD[odd % ODD.length]
    return copy
  }
  if (how === 1) holder[old] = ODD[odd % ODD.length]
  if (how === 2) holder[KEYS[key % KEYS.length]!] = holder[old]
  if (how !== 1) delete holder[old]
  return copy
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../schema/${name}`, import.meta.url), 'utf8')) as object

const problemsOf = (document: unknown) => {
  const checked = checkForm(document)
  return 'problems' in checked ? checked.problems : []
}

test('the schema of runbooks is that of the form; npm run docs:runbook makes it', async () => {
  const url = new URL('../../../../schema/runbook-v1.json', import.meta.url)
  expect(readFileSync(url, 'utf8')).toBe(await runbookSchema())
})

test('what is right, or wrong, by the schema of runbooks is so for canary, too', () => {
  const validate = validatorOf(read('runbook-v1.json'))
  const documents: unknown[] = [parse(EVERY_KIND), parse(SHORT), null, [], 'text', {}]
  expect(documents.slice(0, 2).map(problemsOf)).toEqual([[], []])
  for (const document of documents) expect(problemsOf(document).length === 0).toBe(validate(document))
  const change = tuple(
    integer({ min: 0, max: 999 }),
    integer({ min: 0, max: 2 }),
    integer({ min: 0, max: 99 }),
    integer({ min: 0, max: 99 }),
  )
  assert(
    property(constantFrom(...documents.slice(0, 2)), change, change, (document, first, second) => {
      for (const one of [changed(document, first), changed(changed(document, first), second)]) {
        const problems = problemsOf(one)
        expect(problems.length === 0, JSON.stringify([one, problems, validate.errors])).toBe(validate(one))
      }
    }),
    { numRuns: 800, seed: 7 },
  )
})

test('the schema of journals is one of JSON schema', () => {
  expect(validatorOf(read('journal-v1.json'))({ v: 1 })).toBe(false)
})
