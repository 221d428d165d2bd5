import { UsageError } from '../../model/errors.js'
import type { ClusterOptions } from '../../cluster/options.js'
import { ROUTING_KINDS, routesTo } from '../../routing/select.js'
import {
  belongsTo,
  checkDeployment,
  nameOf,
  placeOf,
  type Source,
  sourceOfManifest,
  withNeighbours,
} from './manifest-source.js'
import { readTextFile, type TextStream, whyUnreadable } from '../../lib/text-file.js'

export interface FromRequest {
  /** `deployment/NAME`, a file, `FILE#NAME`, or `-` for stdin. */
  from: string
  container?: string
  namespace?: string
  cluster: ClusterOptions
  stdin: TextStream
}

const MAX_BYTES = 4 * 1024 * 1024

/** The Deployment that `--from` names. Throws UsageError with the place and a remedy, ExternalError if kubectl fails. */
export async function sourceOf(request: FromRequest): Promise<Source> {
  const { from, container } = request
  const [, inCluster] = /^deploy(?:ments?)?(?:\.apps)?\/(.*)$/.exec(from) ?? []
  const source = inCluster === undefined ? await fromText(request) : await fromCluster(inCluster, request)
  checkDeployment(source.deployment, from, container)
  return source
}

async function fromCluster(name: string, { cluster, namespace }: FromRequest): Promise<Source> {
  if (!/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name)) {
    throw wrong(`--from deployment/${name} names no Deployment.`, 'write it as deployment/NAME')
  }
  const { readDeployment } = await import('../../cluster/pods/read-deployment.js')
  const found = await readDeployment(name, { ...cluster, namespace }, ROUTING_KINDS)
  const { deployment, neighbours, routing, unreadable } = found
  const near = neighbours.filter((object) => belongsTo(object, deployment))
  const source = withNeighbours(deployment, near)
  const { service } = source
  const { namespace: there = '' } = placeOf(deployment)
  const routes = service && routesTo({ name: nameOf(service), namespace: there }, routing)
  return { ...source, isRunning: true, routes, unreadable }
}

async function fromText({ from, namespace, stdin }: FromRequest): Promise<Source> {
  const [, file = from, name] = /^(.*)#([^#/]+)$/.exec(from) ?? []
  const isStdin = file === '-'
  const source = isStdin ? 'stdin' : file
  return sourceOfManifest(await textOf(isStdin ? stdin : file, source), source, name, namespace)
}

async function textOf(file: string | TextStream, name: string): Promise<string> {
  try {
    return await readTextFile(file, MAX_BYTES)
  } catch (error) {
    const { why, isMissing } = whyUnreadable(error)
    throw wrong(
      name === 'stdin' ? `stdin ${why}.` : `The file ${name} ${why}.`,
      isMissing
        ? 'check the path; from the cluster it is --from deployment/NAME'
        : 'give a manifest in YAML or JSON',
    )
  }
}

function wrong(message: string, remedy: string): UsageError {
  return new UsageError(message, { state: 'Nothing was written.', nextSteps: [remedy] })
}
