import { atMost } from '../lib/sleep.js'
import { commented } from '../model/command-line.js'
import { CanaryError, UsageError } from '../model/errors.js'
import type { ObjectRef } from '../model/results/diagnosis.js'
import type { JsonObject } from '../model/values.js'
import type { GatewayChoice, ProviderName } from '../routing/provider.js'
import { routesBehind } from '../routing/select.js'
import type { Questions } from './output/questions.js'

/** What flags and a running Deployment say of the gateway. */
export interface GatewayAsked {
  provider?: ProviderName
  gateway?: ObjectRef
  /** Those whose routes lead to the Deployment already. */
  inUse: { provider: ProviderName; gateway?: ObjectRef }[]
}

/** How the gateway is found out if nothing says it. */
export interface GatewaySources {
  /** The gateways of the cluster. */
  choices: (signal: AbortSignal) => Promise<GatewayChoice[]>
  /** Undefined off a terminal, and where defaults are to be taken. */
  questions?: Questions
  say: (line: string) => void
}

/** How long the cluster may take to answer: the files can be written without it. */
const TIME_LIMIT_MS = 5000
const NO_ROUTES: JsonObject = {}

/**
 * The `routes` in the values that choose an app's gateway: by flags, by the routes of a running Deployment, else by what the cluster
 * has; a person decides among several. Throws UsageError that names the flags if nobody can.
 */
export async function chooseGateway(asked: GatewayAsked, sources: GatewaySources): Promise<JsonObject> {
  const { provider, gateway, inUse } = asked
  if (gateway) return routesBehind(gateway)
  if (provider === 'gloo') return NO_ROUTES
  const [used, ...others] = inUse.filter((one) => provider === undefined || one.provider === provider)
  if (used && others.length === 0) return routesOf(used)
  const found = await choicesInTime(sources)
  const open = (found ?? []).filter(
    (one) => one.refused === undefined && (provider === undefined || one.provider === provider),
  )
  const [only, ...more] = open
  if (only && more.length === 0) {
    if (only.gateway) sources.say(`${only.description}: the only gateway that takes the app's routes`)
    return routesOf(only)
  }
  if (!only) {
    if (provider !== undefined || (found ?? []).length > 0) throw undecided(found ?? [])
    sources.say(
      'The cluster shows no gateway: the values are for Gloo. --gateway NAMESPACE/NAME writes them for the Gateway API.',
    )
    return NO_ROUTES
  }
  if (sources.questions) return routesOf(await ask(sources.questions, open))
  const byDefault = open.find((one) => one.provider === 'gloo')
  if (!byDefault) throw undecided(open)
  const flags = open.filter((one) => one !== byDefault).map(flagOf)
  sources.say(`The values are for Gloo; others could serve the app: ${flags.join(', ')}`)
  return routesOf(byDefault)
}

function routesOf({ gateway }: { gateway?: ObjectRef }): JsonObject {
  return gateway ? routesBehind(gateway) : NO_ROUTES
}

/** Undefined if the cluster does not answer in time, or there is none. */
async function choicesInTime({ choices }: GatewaySources): Promise<GatewayChoice[] | undefined> {
  let found: GatewayChoice[] | undefined
  try {
    await atMost(TIME_LIMIT_MS, async (late) => {
      found = await choices(late)
    })
  } catch (error) {
    if (!(error instanceof CanaryError)) throw error
  }
  return found
}

function ask(questions: Questions, choices: GatewayChoice[]): Promise<GatewayChoice> {
  const lines = choices.map(({ description }, index) => `  ${index + 1}  ${description}`)
  return questions.ask({
    text: `The gateway that serves it:\n${lines.join('\n')}\nNumber`,
    byDefault: '1',
    parse: (answer) => {
      const choice = /^[1-9]\d*$/.test(answer) ? choices[Number(answer) - 1] : undefined
      if (choice) return choice
      throw new UsageError(`"${answer}" is none of the numbers.`, {
        nextSteps: [`give a number from 1 to ${choices.length}`],
      })
    },
  })
}

function flagOf({ gateway }: GatewayChoice): string {
  return gateway ? `--gateway ${gateway.namespace}/${gateway.name}` : '--provider gloo'
}

function undecided(choices: GatewayChoice[]): UsageError {
  const open = choices.filter(({ refused }) => refused === undefined)
  return new UsageError(
    open.length > 0
      ? 'Several gateways could serve the app: name one.'
      : 'No gateway of the cluster takes the routes of the app.',
    {
      state: 'Nothing was written.',
      details: choices.flatMap(({ description, refused }) =>
        refused === undefined ? [] : [`${description}: ${refused}`],
      ),
      nextSteps: [
        ...open.map((one) => commented(flagOf(one), one.description)),
        ...(open.length > 0 ? [] : ['name one all the same: --gateway NAMESPACE/NAME, or --provider gloo']),
      ],
    },
  )
}
