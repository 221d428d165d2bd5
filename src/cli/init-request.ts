import path from 'node:path'
import { canaryCommand, type NamedCluster } from '../model/command-line.js'
import { UsageError } from '../model/errors.js'
import { sourceOf } from '../operations/init/deployment-source.js'
import type { InitRequest } from '../operations/init/init.js'
import { placeOf } from '../operations/init/manifest-source.js'
import { askRest, checkTyped, type KnownAnswers, nameFrom, type Typed } from './init-answers.js'
import { configNote, type ParsedFlags, resolveSettings, type SettingsSources } from './session/settings.js'

type InitFlags = ParsedFlags['flags'] &
  Omit<Typed, 'app' | 'namespace'> & {
    namespace?: string
    from?: string
    container?: string
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
  const mayAsk = !settings.yes && from !== '-'
  const given = { ...typed, app: name }
  const answers = mayAsk ? await asked(given, { ...known, app: known.app ?? 'app' }) : given
  const app = answers.app ?? known.app
  if (app === undefined) throw withoutApp()
  const { image, port, healthPath, replicas } = answers
  const request = {
    app,
    namespace: answers.namespace ?? known.namespace ?? app,
    paths: answers.paths ?? [`/${app}`],
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

/** The answers, completed by a person if there is a terminal. */
async function asked(given: KnownAnswers, known: Parameters<typeof askRest>[2]): Promise<KnownAnswers> {
  const { stdin: input, stderr: output } = process
  if (!input.isTTY || !output.isTTY) return given
  const { openQuestions } = await import('./output/questions.js')
  const questions = openQuestions({ input, output })
  try {
    return await askRest(questions, given, known)
  } finally {
    questions.close()
  }
}

function withoutApp(): UsageError {
  return new UsageError('APP is missing, and the name of the folder is not usable as one.', {
    state: 'Nothing was written.',
    nextSteps: [canaryCommand(['init', 'APP'])],
  })
}
