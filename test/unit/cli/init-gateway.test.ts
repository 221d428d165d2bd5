import { describe, expect, test } from 'vitest'
import { chooseGateway, type GatewayAsked } from '../../../src/cli/init-gateway.js'
import type { Question, Questions } from '../../../src/cli/output/questions.js'
import { ExternalError } from '../../../src/model/errors.js'
import type { GatewayChoice } from '../../../src/routing/provider.js'
import { failureOf } from '../../support/failure-of.js'

const GLOO: GatewayChoice = { provider: 'gloo', description: 'Gloo' }
const gateway = (name: string, refused?: string): GatewayChoice => ({
  provider: 'gateway-api',
  gateway: { namespace: 'infra', name },
  description: `Gateway infra/${name}`,
  ...(refused === undefined ? {} : { refused }),
})
const behind = (name: string) => ({ provider: 'gateway-api', gateway: { namespace: 'infra', name } })

/** A terminal that answers with this. */
function terminal(answer: string): Questions {
  return {
    ask: <T>({ parse, byDefault }: Question<T>) => Promise.resolve(parse(answer === '' ? byDefault : answer)),
    close: () => undefined,
  }
}

function choose(
  choices: GatewayChoice[] | Error,
  asked: Partial<GatewayAsked> = {},
  more: { questions?: Questions } = {},
) {
  const said: string[] = []
  const routes = chooseGateway(
    { inUse: [], ...asked },
    {
      choices: () => (choices instanceof Error ? Promise.reject(choices) : Promise.resolve(choices)),
      say: (line) => said.push(line),
      ...more,
    },
  )
  return { routes, said }
}

describe('the gateway of a new app', () => {
  test.each<[title: string, GatewayChoice[], Partial<GatewayAsked>, object]>([
    ['the flag’s', [GLOO, gateway('a')], { gateway: { namespace: 'infra', name: 'b' } }, behind('b')],
    ['Gloo by its flag', [gateway('a')], { provider: 'gloo' }, {}],
    ['the only one', [gateway('a')], {}, behind('a')],
    ['the only one that takes its routes', [gateway('a', 'closed'), gateway('b')], {}, behind('b')],
    ['the only one of the asked kind', [GLOO, gateway('a')], { provider: 'gateway-api' }, behind('a')],
    [
      'the one that leads to its Deployment',
      [GLOO, gateway('a')],
      { inUse: [{ ...gateway('b') }] },
      behind('b'),
    ],
  ])('is %s', async (_title, choices, asked, routes) => {
    expect(await choose(choices, asked).routes).toEqual(routes)
  })

  test('is asked for on a terminal', async () => {
    const choices = [GLOO, gateway('a')]
    expect(await choose(choices, {}, { questions: terminal('2') }).routes).toEqual(behind('a'))
    expect(await choose(choices, {}, { questions: terminal('') }).routes).toEqual({})
    await expect(choose(choices, {}, { questions: terminal('3') }).routes).rejects.toThrow(
      'none of the numbers',
    )
  })

  test('is Gloo where nobody can be asked; the flags of the others are named', async () => {
    const { routes, said } = choose([GLOO, gateway('a'), gateway('b', 'it is closed')])
    expect(await routes).toEqual({})
    expect(said).toEqual([expect.stringMatching(/others could serve the app: --gateway infra\/a$/)])
  })

  test('is named by its flag where nobody can be asked and Gloo is not among them', async () => {
    const error = await failureOf(choose([gateway('a'), gateway('b'), gateway('c', 'it is closed')]).routes)
    expect(error).toMatchObject({ exitCode: 2, state: 'Nothing was written.' })
    expect(error.nextSteps).toEqual([
      '--gateway infra/a    (Gateway infra/a)',
      '--gateway infra/b    (Gateway infra/b)',
    ])
  })

  test('is none that takes the routes: why, before anything is written', async () => {
    const error = await failureOf(choose([gateway('a', 'it is closed')]).routes)
    expect(error).toMatchObject({ exitCode: 2, details: ['Gateway infra/a: it is closed'] })
  })

  test.each([[[]], [new ExternalError('nobody answers')]])(
    'is Gloo without a cluster, and says so: %j',
    async (choices) => {
      const { routes, said } = choose(choices)
      expect(await routes).toEqual({})
      expect(said.join()).toContain('--gateway NAMESPACE/NAME')
      await expect(choose(choices, { provider: 'gateway-api' }).routes).rejects.toMatchObject({ exitCode: 2 })
    },
  )
})
