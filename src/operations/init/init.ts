import type { InitFile, InitResult, LeftOut } from '../../model/results/init.js'
import { descriptionFor } from '../../routing/select.js'
import { canaryCommand, commented } from '../../model/command-line.js'
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { UsageError } from '../../model/errors.js'
import type { JsonObject } from '../../model/values.js'
import { ContainerPorts } from '../../rollout/from-deployment/container-ports.js'
import { containersOf, valuesFromDeployment } from '../../rollout/from-deployment/from-deployment.js'
import { type Answers, configFromAnswers, valuesText } from '../../rollout/from-deployment/init-values.js'
import { mapOf, textOf, withoutEmpty } from '../../rollout/values/json-fields.js'
import { writeYaml } from '../../lib/yaml/write.js'
import { withApp } from './config-entry.js'
import { whyInTheWay, wayOver } from './handover.js'
import { nameOf, type Source } from './manifest-source.js'
import { waysToName } from '../verification/named-versions.js'
import { readTextFile, whyUnreadable } from '../../lib/text-file.js'

export interface InitRequest {
  app: string
  namespace: string
  /** Path prefixes that the app serves. */
  paths: string[]
  /** `routes` in the values that choose the gateway; empty for the default provider. */
  routes: JsonObject
  /** Answers from flags and questions; they override the Deployment. */
  said: Partial<Answers>
  /** A Deployment that gives the other answers. */
  source?: Source
  /** The app's container in it; by default the first. */
  container?: string
  withSecrets: boolean
  /** Folder for the files, absolute or relative to the working directory; created if missing. */
  folder: string
  force: boolean
  /** Write nothing. */
  dryRun: boolean
}

const CONFIG_FILE = 'canary.yaml'
const MAX_CONFIG_BYTES = 256 * 1024

/**
 * Writes a values file and canary.yaml for an app, from the answers or a Deployment. Overwrites nothing without
 * `force`, and writes nothing before everything is checked. Throws UsageError naming the file.
 */
export async function init(request: InitRequest): Promise<InitResult> {
  const { app, namespace, folder, force, dryRun, withSecrets } = request
  const { config, service, leftOut, notes } = contentOf(request)
  const values = path.join(folder, `${app}-values.yaml`)
  const settings = path.join(folder, CONFIG_FILE)
  if (!force && (await exists(values))) {
    throw wrong(`${values} is there already.`, '--force overwrites it, --out DIR writes elsewhere')
  }
  const known = await existingText(settings)
  const content = withApp(known, settings, {
    app,
    settings: { namespace },
    force,
  })
  const { paths, routes } = request
  const text = valuesText({ app, config, service, routes, paths, leftOut, notes }, writeYaml)
  const files: InitFile[] = [{ path: values, content: text }]
  if (content === undefined) {
    notes.push(`${settings} has settings of ${app} already: they were left as they are (--force sets them).`)
  } else if (content !== known) {
    files.push({ path: settings, content })
  }
  if (!dryRun) await write(folder, files, withSecrets ? 0o600 : 0o644)
  return { app, namespace, dryRun, files, notCarriedOver: leftOut, notes, next: nextSteps(request, config) }
}

interface Content {
  config: JsonObject
  service: JsonObject
  leftOut: LeftOut[]
  notes: string[]
}

function contentOf(request: InitRequest): Content {
  const { app, source, said, container, withSecrets } = request
  const { image, healthPath, replicas } = said
  if (!source) {
    const { port = 8080 } = said
    const config = configFromAnswers({ image, healthPath, port, replicas: replicas ?? 2 })
    return { config, service: {}, leftOut: [], notes: namingNotes(request, config) }
  }
  const { deployment, service, budget } = source
  // --replicas overrides an autoscaler.
  const autoscaler = replicas === undefined ? source.autoscaler : undefined
  const { port } = said
  const read = valuesFromDeployment({
    app,
    deployment,
    service,
    autoscaler,
    budget,
    container,
    port,
    withSecrets,
  })
  const config = withoutEmpty({
    ...read.app,
    ...(image === undefined ? {} : { image }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(healthPath === undefined ? {} : { probes: { ...mapOf(read.app.probes), readiness: healthPath } }),
  })
  return {
    config,
    service: read.service,
    leftOut: read.leftOut,
    notes: [
      ...read.notes,
      ...(source.autoscaler && !autoscaler
        ? [
            `HorizontalPodAutoscaler ${nameOf(source.autoscaler)} is not taken over: --replicas sets the number of pods.`,
          ]
        : []),
      ...surroundingNotes(request, source),
      ...namingNotes(request, config),
    ],
  }
}

/** Notes on other objects beside the Deployment. */
function surroundingNotes({ app, namespace, routes: chosen }: InitRequest, source: Source): string[] {
  const { others, routes, unreadable = [] } = source
  const provider = descriptionFor({ routes: chosen })
  const inTheWay = whyInTheWay({ app, namespace, provider }, source)
  const own = routes?.[provider.name] ?? []
  const elsewhere = Object.values(routes ?? {})
    .flat()
    .filter((one) => !own.includes(one))
  return [
    ...unreadable.map(
      (kind) => `${kind} cannot be read: one that belongs to the Deployment is not taken over.`,
    ),
    ...(others.length > 0
      ? [`Beside the Deployment there are ${others.join(', ')}: they are no part of the release.`]
      : []),
    ...(inTheWay === undefined ? [] : [inTheWay]),
    ...provider.handover(app, own).byHand,
    ...elsewhere.map(
      ({ kind, namespace: at, name }) =>
        `${kind} ${at}/${name} leads to the Service by another gateway: it stays as it is.`,
    ),
  ]
}

/** That no answer will name its version, with the ways to mend it, before the first step. */
function namingNotes({ app, routes }: InitRequest, config: JsonObject): string[] {
  const provider = descriptionFor({ routes })
  if (config.image === undefined || provider.namesVersions({ routes })) return []
  return [
    `No answer of ${app} will name its version, unless the values say how: ${waysToName(provider).join('; ')}. Else the proxies' own counters tell versions apart, where canary can read them; install refuses where it cannot.`,
  ]
}

function nextSteps(request: InitRequest, config: JsonObject): string[] {
  const { app, namespace, folder, source, routes } = request
  const provider = descriptionFor({ routes })
  const file = path.join(folder, `${app}-values.yaml`)
  // canary.yaml is found only in the working directory.
  const place = path.resolve(folder) === process.cwd() ? { app } : { app, namespace }
  if (source?.isRunning) {
    if (whyInTheWay({ app, namespace, provider }, source) !== undefined) {
      const taken = source.routes?.[provider.name].flatMap(({ prefixes }) => prefixes) ?? []
      const paths = (taken.length > 0 ? taken : request.paths).flatMap((prefix) => ['--path', prefix])
      const name = `${app}-app`
      const words = ['init', name, '--from', `deployment/${nameOf(source.deployment)}`, ...paths]
      return [commented(canaryCommand(words, { app: name, namespace }), 'prints the steps without downtime')]
    }
    const containers = containersOf(source.deployment)
    const { ports } = containers.find(({ name }) => name === request.container) ?? containers[0] ?? {}
    const portOf = (name: string) => new ContainerPorts(ports).numberOf(name)
    return wayOver({ app, namespace, file, place, source, provider, portOf })
  }
  const { image } = config
  const repository =
    typeof image === 'string' ? image.replace(/(:[^/]*)?(@.*)?$/, '') : mapOf(image).repository
  return [
    canaryCommand(['install', app, 'v1', '-f', file], place),
    ...(repository === undefined
      ? []
      : [
          commented(
            canaryCommand(['start', app, 'v2', '--image', `${textOf(repository)}:TAG`], place),
            'the next version',
          ),
        ]),
  ]
}

/** The text of a file; undefined if it does not exist. */
async function existingText(file: string): Promise<string | undefined> {
  try {
    return await readTextFile(file, MAX_CONFIG_BYTES)
  } catch (error) {
    const { why, isMissing } = whyUnreadable(error)
    if (isMissing) return undefined
    throw wrong(`${file} ${why}.`, 'correct or remove it')
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file)
    return true
  } catch {
    return false
  }
}

/** Writes all files under temporary names, then renames them: a full disk leaves none half written. */
async function write(folder: string, files: InitFile[], mode: number): Promise<void> {
  const temporary = files.map(({ path: file }) => `${file}.${process.pid}.tmp`)
  try {
    await mkdir(folder, { recursive: true })
    for (const [index, { content }] of files.entries()) {
      await writeFile(temporary[index]!, content, { flag: 'wx', mode })
    }
    for (const [index, { path: file }] of files.entries()) await rename(temporary[index]!, file)
  } catch (error) {
    await Promise.all(temporary.map((file) => rm(file, { force: true }).catch(() => undefined)))
    throw wrong(
      `The files cannot be written to ${folder}: ${reasonOf(error)}.`,
      'name another folder with --out',
    )
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}

function wrong(message: string, remedy: string): UsageError {
  return new UsageError(message, { state: 'Nothing was written.', nextSteps: [remedy] })
}
