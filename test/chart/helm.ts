import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { parseAllDocuments } from 'yaml'
import { type HelmMajor, pathWithTools } from '../../scripts/tools.js'

export const chartFolder = fileURLToPath(new URL('../../chart', import.meta.url))

/** Path of a file in test/chart/fixtures. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}

interface HelmRun {
  exitCode: number
  stdout: string
  stderr: string
}

/** Runs the real helm of one major version; `values` go to its standard input, for `-f -`. */
export async function helm(major: HelmMajor, args: string[], values?: unknown): Promise<HelmRun> {
  const input = typeof values === 'string' ? values : JSON.stringify(values ?? {})
  const env = { PATH: await pathWithTools(major) }
  const { exitCode, stdout, stderr } = await execa('helm', args, { env, reject: false, input })
  return { exitCode: exitCode ?? 1, stdout, stderr }
}

export interface TemplateOptions {
  app?: string
  namespace?: string
  chart?: string
  /** More arguments of `helm template`, such as `--set`. */
  args?: string[]
}

/** `helm template` with values given as an object or as YAML text. */
export function template(major: HelmMajor, values: unknown, options: TemplateOptions = {}): Promise<HelmRun> {
  const { app = 'echo', namespace = app, chart = chartFolder, args = [] } = options
  return helm(major, ['template', app, chart, '-n', namespace, '-f', '-', ...args], values)
}

/** The objects that `helm template` gives, by `kind/name`; an error with Helm's words where it fails. */
export async function render(
  major: HelmMajor,
  values: unknown,
  options?: TemplateOptions,
): Promise<Record<string, any>> {
  const { exitCode, stdout, stderr } = await template(major, values, options)
  if (exitCode !== 0) throw new Error(stderr)
  return objectsOf(stdout)
}

/**
 * The objects of a YAML stream by `kind/name`. Read as YAML 1.1, as Helm and Kubernetes read it: a `yes` or `1e3`
 * that should be text and has lost its quotes is no text here.
 */
export function objectsOf(stream: string): Record<string, any> {
  const objects = parseAllDocuments(stream, { version: '1.1' }).map((document): any => document.toJS())
  return Object.fromEntries(
    objects.filter(Boolean).map((object) => [`${object.kind}/${object.metadata.name}`, object]),
  )
}

/** The values of a stage with a canary route, changed by `canary`. */
export function canaryValues(canary: Record<string, unknown> = {}): Record<string, any> {
  return {
    deployment: { v1: {}, v2: {} },
    routes: {
      primary: { version: 'v1' },
      canary: { version: 'v2', headers: { stage: 'canary' }, ...canary },
    },
  }
}

/** The Gateway of the tests, as the values name it. */
export const GATEWAY = { name: 'public', namespace: 'gateways' }

/** Values with an HTTPRoute in place of a RouteTable, and with more under routes. */
export function onGatewayApi(
  values: Record<string, any>,
  routes: Record<string, unknown> = {},
): Record<string, any> {
  return {
    ...values,
    routes: { provider: 'gateway-api', gateway: GATEWAY, ...values.routes, ...routes },
  }
}
