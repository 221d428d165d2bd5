import { canaryCommand, commented } from '../../model/command-line.js'
import { ExternalError, UsageError } from '../../model/errors.js'
import type { RoutingProvider } from '../../routing/provider.js'
import type { OperationContext } from '../context.js'

/**
 * Throws if the cluster does not know the provider's kinds: UsageError with the gateways that are there, ExternalError if
 * there is none of any kind. `command` is the install without what chooses a gateway.
 */
export async function requireKnownGateway(
  { routing }: Pick<OperationContext, 'routing'>,
  provider: RoutingProvider,
  namespace: string,
  command: string,
): Promise<void> {
  if (await provider.isThere()) return
  const { name, texts } = provider.description
  const state = 'Nothing was changed.'
  const message = `The routes would be for ${name} (routes.provider), and the cluster does not know ${texts.route}s.`
  const choices = await routing.gateways(namespace)
  if (choices.length === 0)
    throw new ExternalError(`${message} No other gateway that canary knows is there.`, {
      state,
      nextSteps: [
        commented(canaryCommand(['doctor']), 'what is there'),
        'install a gateway, or choose the cluster that has one with --context',
      ],
    })
  throw new UsageError(`${message} Another gateway is there: name it.`, {
    state,
    details: choices.map(({ description, refused }) =>
      refused === undefined ? description : `${description}: ${refused}`,
    ),
    nextSteps: choices
      .filter(({ refused }) => refused === undefined)
      .map(({ gateway, description }) =>
        gateway === undefined
          ? commented(command, `${description}, without --gateway and routes.provider`)
          : `${command} --gateway ${gateway.namespace}/${gateway.name}`,
      ),
  })
}
