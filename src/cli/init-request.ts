import path from 'node:path'
import { canaryCommand, type NamedCluster } from '../model/command-line.js'
import { UsageError } from '../model/errors.js'
import { sourceOf } from '../operations/init/deployment-source.js'
import type { InitRequest } from '../operations/init/init.js'
import { placeOf } from '../operations/init/manifest-source.js'
import type { ClusterOptions } from '../cluster/options.js'
import type { Source } from '../operations/init/manifest-source.js'
import type { GatewayChoice, ProviderName } from '../routing/provider.js'
import { descriptionFor, routesBehind } from '../routing/select.js'
import { checkGateway } from './flags/args.js'
import { askRest, checkTyped, nameFrom, type Typed } from './init-answers.js'
import { chooseGateway, type GatewayAsked } from './init-gateway.js'
import type { Questions } from './output/questions.js'
import { loadOpeners, type Openers } from './session/openers.js'
import { configNote, type ParsedFlags, resolveSettings, type SettingsSources } from './session/settings.js'

type InitFlags = ParsedFlags['flags'] &
  Omit<Typed, 'app' | 'namespace'> & {
    namespace?: string
    from?: string
    container?: string
    provider?: string
    gateway?: string
    'with-secrets': boolean
    out: string
    force: boolean
    'dry-run': boolean
  }

/**
 * The request for `canary init`: from the command line, a Deployment, and questions on a terminal. Throws UsageError for
 * an invalid answer, and if nothing names the app.
 */
export async function readInitRequest(
  { flags, metadata }: Pick<ParsedFlags, 'metadata'> & { flags: InitFlags },
  typedApp: string | undefined,
  sources: SettingsSources,
  say: (line: string) => void,
  openers?: Openers,
): Promise<{ request: InitRequest; cluster: NamedCluster }> {
  const { app: name, ...typed } = checkTyped({ ...flags, app: typedApp })
  // Settings of the folder, such as the context, apply to an app that its Deployment names, too.
  const settings = await resolveSettings(name, { flags, metadata }, sources)
  const { namespace, cluster } = settings
  const note = configNote([settings])
  if (note !== undefined) say(note)
  const { from, container } = flags
  const source =
    from === undefined
      ? undefined
      : await sourceOf({ from, container, namespace, cluster: { ...cluster, say }, stdin: process.stdin })
  const of = source && placeOf(source.deployment)
  const known = {
    app: nameFrom(of?.name ?? path.basename(path.resolve(flags.out))),
    namespace: namespace ?? of?.namespace,
    hasDeployment: source !== undefined,
  }
  const gatewayAsked = { ...gatewayFlags(flags), inUse: gatewaysInUse(source) }
  const mayAsk = !settings.yes && from !== '-'
  const questions = mayAsk ? await openTerminal() : undefined
  const given = { ...typed, app: name }
  const answersOf = async () => {
    const answers = questions ? await askRest(questions, given, { ...known, app: known.app ?? 'app' }) : given
    const app = answers.app ?? known.app
    if (app === undefined) throw withoutApp()
    const where = answers.namespace ?? known.namespace ?? app
    const routes = await chooseGateway(gatewayAsked, {
      choices: (signal) => gatewaysOf({ ...cluster, say, signal }, where, openers),
      questions,
      say,
    })
    return { ...answers, app, namespace: where, routes }
  }
  const answers = await answersOf().finally(() => questions?.close())
  const { app, image, port, healthPath, replicas } = answers
  const request = {
    app,
    namespace: answers.namespace,
    paths: answers.paths ?? [`/${app}`],
    routes: answers.routes,
    said: { image, port, healthPath, replicas },
    source,
    container,
    withSecrets: flags['with-secrets'],
    folder: flags.out,
    force: flags.force,
    dryRun: flags['dry-run'],
  }
  return { request, cluster }
}

/** Questions to a person; undefined off a terminal. */
async function openTerminal(): Promise<Questions | undefined> {
  const { stdin: input, stderr: output } = process
  if (!input.isTTY || !output.isTTY) return undefined
  const { openQuestions } = await import('./output/questions.js')
  return openQuestions({ input, output })
}

/** Throws UsageError for flags that contradict each other. */
function gatewayFlags({ provider, gateway }: InitFlags): Pick<GatewayAsked, 'provider' | 'gateway'> {
  const named = gateway === undefined ? undefined : checkGateway(gateway)
  if (provider === undefined) return { gateway: named }
  const { name } = descriptionFor({ routes: { provider } })
  if (!named || name === routesBehind(named).provider) return { provider: name, gateway: named }
  throw new UsageError(`--provider ${name} has no --gateway ${gateway}.`, {
    state: 'Nothing was written.',
    nextSteps: ['leave one of them out'],
  })
}

/** The gateways whose routes lead to a running Deployment, each once. */
function gatewaysInUse(source: Source | undefined): GatewayAsked['inUse'] {
  const found = Object.entries(source?.routes ?? {}).flatMap(([provider, routes]) =>
    routes.map(({ gateway }) => ({ provider: provider as ProviderName, gateway })),
  )
  const keys = found.map((one) => JSON.stringify(one))
  return found.filter((_, index) => keys.indexOf(keys[index]!) === index)
}

async function gatewaysOf(
  options: ClusterOptions,
  namespace: string,
  openers?: Openers,
): Promise<GatewayChoice[]> {
  const { cluster, routing } = (openers ?? (await loadOpeners())).cluster(options)
  try {
    return await routing.gateways(namespace)
  } finally {
    await cluster.close()
  }
}

function withoutApp(): UsageError {
  return new UsageError('APP is missing, and the name of the folder is not usable as one.', {
    state: 'Nothing was written.',
    nextSteps: [canaryCommand(['init', 'APP'])],
  })
}
