import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeStep, parseDescription } from '../../../../src/rollout/history/description.js'
import { deployStep, headerStep, weightStep } from '../../../../src/rollout/plan/steps.js'
import { found, SEED } from '../seed-values.js'

const step = (title: string) => ({ title })

describe('what a revision says of itself', () => {
  test.each([
    [
      'a step of a command, and who ran it',
      'canary shift echo 50: send 50 % of the regular requests to v2 (by ann@host)',
      { command: 'shift echo 50', title: 'send 50 % of the regular requests to v2', who: 'ann@host' },
    ],
    [
      'one from before canary wrote who ran it',
      'canary start echo v2: send requests with stage: canary to v2',
      { command: 'start echo v2', title: 'send requests with stage: canary to v2', who: undefined },
    ],
    [
      'the reason of an abort without its proof, colons and brackets included',
      'canary abort echo (unverified: proxy: down (again): see 4711): remove v2 (by ann@host)',
      {
        command: 'abort echo',
        title: 'remove v2',
        who: 'ann@host',
        unverified: 'proxy: down (again): see 4711',
      },
    ],
  ])('%s', (_name, text, parsed) => {
    expect(parseDescription(text)).toEqual(parsed)
  })

  test.each([
    'Install complete',
    'Upgrade complete',
    'Rollback to 3',
    'canary',
    'canary deployment: v2 for Bob',
    'the record cannot be read',
    '',
  ])('"%s" is not of canary', (text) => {
    expect(parseDescription(text)).toBeUndefined()
  })

  test('stays one line of bounded length', () => {
    const text = describeStep(
      `abort echo (unverified: ${'line\none\u001b[31m '.repeat(500)})`,
      step('remove\r\nv2'),
      { who: 'ann (on call)\u2028@host' },
    )
    expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    expect(text.length).toBeLessThan(1000)
    expect(parseDescription(text)).toMatchObject({
      command: 'abort echo',
      title: 'remove v2',
      who: 'ann on call @host',
      unverified: expect.stringMatching(/^line one \[31m line .*…$/) as string,
    })
  })
})

const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/)
const oneLine = fc
  .string({ unit: 'grapheme', maxLength: 60 })
  .map((text) => text.replace(/[\p{Cc}\p{Cs}\p{Z}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim())
const who = fc.option(
  oneLine.map((name) => `${name.replace(/[()]/g, '').trim()}@host`),
  { nil: undefined },
)

test('is read back as it was written, for every command and step', () => {
  const headers = fc.dictionary(word, oneLine, { minKeys: 1, maxKeys: 2 })
  const command = fc
    .tuple(
      fc.constantFrom('start', 'shift', 'finish', 'undo'),
      fc.array(word, { minLength: 1, maxLength: 3 }),
    )
    .map(([verb, words]) => [verb, ...words].join(' '))
  fc.assert(
    fc.property(command, headers, fc.integer({ min: 0, max: 100 }), who, (typed, marks, weight, by) => {
      const values = { deployment: { v1: {}, v2: {} }, primary: 'v1' }
      const canary = { version: 'v2', weight: 0, headers: marks }
      for (const made of [
        deployStep(found(SEED[1]), values, 'v2', marks),
        headerStep(found(SEED[2]), values, 'v2', marks),
        weightStep(found(SEED[3]), { ...values, canary }, weight, ['v2']),
      ]) {
        const title = made.title.replace(/\s+/g, ' ')
        expect(parseDescription(describeStep(typed, made, { who: by }))).toEqual({
          command: typed,
          title,
          who: by,
        })
      }
    }),
  )
})

test('any reason of an abort is read back', () => {
  fc.assert(
    fc.property(word, oneLine, who, (app, reason, by) => {
      const text = describeStep(`abort ${app} (unverified: ${reason})`, step('remove v2'), { who: by })
      expect(parseDescription(text)).toMatchObject({
        command: `abort ${app}`,
        title: 'remove v2',
        who: by,
        unverified: reason,
      })
    }),
  )
})
