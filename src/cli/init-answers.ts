import { UsageError } from '../model/errors.js'
import { pathProblem, type PathUse } from '../lib/http/url-path.js'
import { checkApp } from './flags/args.js'
import type { Questions } from './output/questions.js'

/** The answers for `canary init`, checked; undefined if not given. */
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

/** Checks arguments and flags. Throws UsageError that names the invalid one. */
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

/** Asks for the rest. With a Deployment to read from, only for what that does not have. */
export async function askRest(
  questions: Questions,
  given: KnownAnswers,
  known: { app: string; namespace?: string; hasDeployment: boolean },
): Promise<KnownAnswers> {
  const { hasDeployment } = known
  const app = given.app ?? (await questions.ask({ text: 'App name', byDefault: known.app, parse: checkName }))
  const namespace =
    given.namespace ??
    (await questions.ask({
      text: 'Namespace',
      byDefault: known.namespace ?? app,
      parse: checkNamespace,
    }))
  const paths =
    given.paths ??
    (await questions.ask({
      text: 'Paths it serves, separated by spaces',
      byDefault: `/${app}`,
      parse: (text) => checkPaths(text.split(/\s+/)),
    }))
  if (hasDeployment) return { ...given, app, namespace, paths }
  const image =
    given.image ??
    (await questions.ask({
      text: 'Image',
      byDefault: EXAMPLE,
      parse: (text) => (text === EXAMPLE ? undefined : checkImage(text)),
    }))
  const port = given.port ?? (await questions.ask({ text: 'Port', byDefault: '8080', parse: checkPort }))
  const healthPath =
    given.healthPath ??
    (await questions.ask({
      text: 'Health check path',
      byDefault: NONE,
      parse: (text) => (text === NONE ? undefined : checkPath('The path', text, 'probe')),
    }))
  const replicas =
    given.replicas ??
    (await questions.ask({ text: 'Pods of each version', byDefault: '2', parse: checkReplicas }))
  return { app, namespace, paths, image, port, healthPath, replicas }
}

/** An app name made of any text, such as a folder's name; undefined if that is impossible. */
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
    `APP "${app}" is not a valid Service name: it must start with a letter.`,
    `choose a name like app-${app}`,
  )
}

function checkNamespace(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text
  throw wrong(
    `"${text}" is not a valid namespace.`,
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
