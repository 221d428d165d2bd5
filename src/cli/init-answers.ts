import { UsageError } from '../model/errors.js'
import { pathProblem, type PathUse } from '../lib/http/url-path.js'
import { checkApp } from './flags/args.js'
import type { Questions } from './output/questions.js'

/** What `canary init` was told, checked; undefined where nothing was said. */
export interface KnownAnswers {
  app?: string
  namespace?: string
  image?: string
  port?: number
  healthPath?: string
  paths?: string[]
  replicas?: number
}

/** As typed, before it is checked. */
export interface Typed {
  app?: string
  namespace?: string
  image?: string
  port?: string
  'health-path'?: string
  path?: string[]
  replicas?: string
}

const NONE = 'none'
const EXAMPLE = "the chart's example"
const MAX_REPLICAS = 1000

/** Checks arguments and flags. Throws UsageError naming the one that won't do. */
export function checkTyped(typed: Typed): KnownAnswers {
  const check = <T>(value: string | undefined, parse: (text: string) => T) =>
    value === undefined ? undefined : parse(value)
  return {
    app: check(typed.app, checkName),
    namespace: check(typed.namespace, checkNamespace),
    image: check(typed.image, checkImage),
    port: check(typed.port, checkPort),
    healthPath: check(typed['health-path'], (text) => checkPath('--health-path', text, 'probe')),
    paths: typed.path && checkPaths(typed.path),
    replicas: check(typed.replicas, checkReplicas),
  }
}

/** Asks for what was not said. With a Deployment to read from, only for what it can't tell. */
export async function askRest(
  questions: Questions,
  reported: KnownAnswers,
  known: { app: string; namespace?: string; hasDeployment: boolean },
): Promise<KnownAnswers> {
  const { hasDeployment } = known
  const app =
    reported.app ?? (await questions.ask({ text: 'App, a name', byDefault: known.app, parse: checkName }))
  const namespace =
    reported.namespace ??
    (await questions.ask({
      text: 'Namespace',
      byDefault: known.namespace ?? app,
      parse: checkNamespace,
    }))
  const paths =
    reported.paths ??
    (await questions.ask({
      text: 'Paths that it answers to, with blanks between',
      byDefault: `/${app}`,
      parse: (text) => checkPaths(text.split(/\s+/)),
    }))
  if (hasDeployment) return { ...reported, app, namespace, paths }
  const image =
    reported.image ??
    (await questions.ask({
      text: 'Image',
      byDefault: EXAMPLE,
      parse: (text) => (text === EXAMPLE ? undefined : checkImage(text)),
    }))
  const port = reported.port ?? (await questions.ask({ text: 'Port', byDefault: '8080', parse: checkPort }))
  const healthPath =
    reported.healthPath ??
    (await questions.ask({
      text: 'Path that tells its health',
      byDefault: NONE,
      parse: (text) => (text === NONE ? undefined : checkPath('The path', text, 'probe')),
    }))
  const replicas =
    reported.replicas ??
    (await questions.ask({ text: 'Pods of each version', byDefault: '2', parse: checkReplicas }))
  return { app, namespace, paths, image, port, healthPath, replicas }
}

/** A name made of any text, such as a folder's; undefined where there is none in it. */
export function nameFrom(text: string): string | undefined {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return name === '' || name in {} ? undefined : name
}

function checkName(text: string): string {
  const app = checkApp(text)
  if (/^[a-z]/.test(app)) return app
  throw wrong(
    `APP "${app}" can't be the name of a Service, which starts with a letter.`,
    `choose a name like app-${app}`,
  )
}

function checkNamespace(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text
  throw wrong(
    `"${text}" can't be the name of a namespace.`,
    'use at most 63 lower-case letters a-z, digits and "-", with a letter or digit at both ends',
  )
}

function checkImage(text: string): string {
  if (/^[a-zA-Z0-9][\w.:/-]*(@[a-z0-9+._-]+:[a-fA-F0-9]{32,})?$/.test(text)) return text
  throw wrong(`"${text}" is not an image.`, 'write it as repository[:tag][@digest]')
}

function checkPort(text: string): number {
  return wholeNumber('The port', text, 65_535)
}

function checkReplicas(text: string): number {
  return wholeNumber('The number of pods', text, MAX_REPLICAS)
}

function wholeNumber(what: string, text: string, most: number): number {
  const number = Number(text)
  if (/^[1-9]\d*$/.test(text) && number <= most) return number
  throw wrong(`${what} is "${text}".`, `give a whole number from 1 to ${most}`)
}

function checkPaths(texts: string[]): string[] {
  return [...new Set(texts.map((text) => checkPath('The path', text, 'prefix')))]
}

function checkPath(what: string, text: string, use: PathUse): string {
  const problem = pathProblem(text, use)
  if (!problem) return text
  throw wrong(`${what} ${JSON.stringify(text)} ${problem.what}.`, problem.remedy)
}

function wrong(message: string, remedy: string): UsageError {
  return new UsageError(message, { state: 'Nothing was written.', nextSteps: [remedy] })
}
