import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { askRest, checkTyped, nameFrom } from '../../../../src/cli/init-answers.js'
import type { PromptStreams } from '../../../../src/cli/output/prompt.js'
import { openQuestions } from '../../../../src/cli/output/questions.js'

function terminal(typed: string) {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = Object.assign(new PassThrough(), { isTTY: true })
  const questions = openQuestions({ input, output } as unknown as PromptStreams)
  input.write(typed)
  return { questions, shown: () => String(output.read()) }
}

const FRESH = { app: 'shop', hasDeployment: false }

test('Enter takes what is shown', async () => {
  const { questions, shown } = terminal('\n\n\n\n\n\n\n')
  expect(await askRest(questions, {}, FRESH)).toEqual({
    app: 'shop',
    namespace: 'shop',
    paths: ['/shop'],
    image: undefined,
    port: 8080,
    healthPath: undefined,
    replicas: 2,
  })
  questions.close()
  expect(shown()).toMatch(
    /App name \[shop\][^]+Namespace \[shop\][^]+Image \[the chart's example\][^]+Port \[8080\][^]+\[none\][^]+\[2\]/,
  )
})

test('what won’t do is told, and asked again', async () => {
  const answers = [
    '9x',
    'cart',
    'Carts',
    'carts',
    'cart',
    '/a /b',
    'reg/cart:1',
    '0',
    '9000',
    '/ok',
    'x',
    '3',
  ]
  const { questions, shown } = terminal(`${answers.join('\n')}\n`)
  expect(await askRest(questions, {}, FRESH)).toEqual({
    app: 'cart',
    namespace: 'carts',
    paths: ['/a', '/b'],
    image: 'reg/cart:1',
    port: 9000,
    healthPath: '/ok',
    replicas: 3,
  })
  questions.close()
  expect(shown()).toContain('The port is "0".\r\n  give a whole number from 1 to 65535'.replace('\r', ''))
})

test('what was said, or a Deployment says, is not asked for', async () => {
  const { questions } = terminal('\n')
  const told = checkTyped({ app: 'shop', path: ['/', '/'], image: 'a' })
  expect(await askRest(questions, told, { app: 'shop', namespace: 'there', hasDeployment: true })).toEqual({
    ...told,
    namespace: 'there',
    paths: ['/'],
  })
  questions.close()
})

test.each(['\x03', '\x04'])('Ctrl-C and the end of the input (%j) end it', async (key) => {
  const { questions } = terminal(`shop\n${key}`)
  await expect(askRest(questions, {}, FRESH)).rejects.toMatchObject({
    outcome: 'interrupted',
    state: 'Nothing was written.',
  })
})

test.each<[Parameters<typeof checkTyped>[0], string]>([
  [{ app: 'Shop' }, 'APP "Shop" is not a valid Kubernetes name.'],
  [{ app: '9lives' }, 'APP "9lives" is not a valid Service name'],
  [{ namespace: 'a_b' }, '"a_b" is not a valid namespace.'],
  [{ image: 'two words' }, '"two words" is not an image.'],
  [{ image: 'a@sha256:12' }, '"a@sha256:12" is not an image.'],
  [{ port: '65536' }, 'The port is "65536".'],
  [{ port: '8080.5' }, 'The port is "8080.5".'],
  [{ replicas: '-1' }, 'The number of pods is "-1".'],
  [{ path: ['shop'] }, 'The path "shop" does not begin with "/".'],
  [{ 'health-path': '/a b' }, '--health-path "/a b" has characters that clients send'],
])('%o won’t do', (typed, message) => {
  expect(() => checkTyped(typed)).toThrow(message)
})

test.each([
  ['shop', 'shop'],
  ['My Shop_2.0', 'my-shop-2-0'],
  ['2024-shop', 'shop'],
  ['constructor', undefined],
  ['42', undefined],
])('a folder %s gives the name %s', (text, name) => {
  expect(nameFrom(text)).toBe(name)
})
