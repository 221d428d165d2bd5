import { isDeepStrictEqual } from 'node:util'
import type { LeftOut } from '../../model/results/init.js'
import type { Json, JsonObject } from '../../model/values.js'
import type { ContainerPorts } from './container-ports.js'
import { withPorts } from './container-ports.js'
import { asTemplate, environmentValues } from './environment-values.js'
import { unread } from '../import/unread.js'
import { mapOf, textOf, withoutEmpty } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'

/** Fields that are read here; all others are reported as left out. */
const KNOWN = (
  'name image imagePullPolicy command args env envFrom ports resources startupProbe readinessProbe livenessProbe ' +
  'lifecycle securityContext volumeMounts workingDir'
).split(' ')

/** Fields of a probe that the chart has. */
const PROBE = (
  'httpGet tcpSocket grpc exec initialDelaySeconds periodSeconds timeoutSeconds successThreshold failureThreshold ' +
  'terminationGracePeriodSeconds'
).split(' ')

/** The chart's securityContext for a user's own image: the minimum of the Pod Security Standard "restricted". */
const RESTRICTED: JsonObject = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}

export interface ContainerValues {
  values: JsonObject
  leftOut: LeftOut[]
}

/** The app's container as values of the chart, without defaults. `podSecurity` is the pod's securityContext. */
export function containerValues(
  container: JsonObject,
  {
    ports,
    podSecurity,
    pullSecrets,
  }: { ports: ContainerPorts; podSecurity: JsonObject; pullSecrets: string[] },
): ContainerValues {
  const { env, leftOut } = environmentValues(container.env)
  const { lifecycle, envFrom, resources, volumeMounts, workingDir } = container
  const probes = probeValues(container, ports, leftOut)
  const values = withoutEmpty({
    image: imageValues(container, pullSecrets),
    command: templates(container.command),
    args: templates(container.args),
    workingDir,
    port: ports.main,
    ports: ports.further.map((port) => ({ ...port })),
    env,
    envFrom,
    resources,
    probes,
    lifecycle: Object.fromEntries(
      Object.entries(mapOf(lifecycle)).map(([event, hook]) => [
        event,
        isObject(hook) ? withPorts(hook, ports) : hook,
      ]),
    ),
    ...securityValues(mapOf(container.securityContext), podSecurity),
    volumeMounts,
  })
  return { values, leftOut: [...unread(container, KNOWN), ...ports.leftOut, ...leftOut] }
}

/** `image:` with its tag or digest unchanged, and the pull policy where it is not the default. */
function imageValues(container: JsonObject, pullSecrets: string[]): JsonObject {
  const image = textOf(container.image)
  const [name = '', digest] = image.split('@')
  const colon = name.lastIndexOf(':')
  const hasTag = colon > name.lastIndexOf('/')
  const repository = hasTag ? name.slice(0, colon) : name
  const tag = hasTag ? name.slice(colon + 1) : digest === undefined ? 'latest' : undefined
  const pullPolicy =
    typeof container.imagePullPolicy === 'string'
      ? container.imagePullPolicy
      : tag === 'latest'
        ? 'Always'
        : 'IfNotPresent'
  return withoutEmpty({ repository, tag, digest, pullPolicy, pullSecrets })
}

function probeValues(container: JsonObject, ports: ContainerPorts, leftOut: LeftOut[]): JsonObject {
  const probes: JsonObject = {}
  for (const kind of ['startup', 'readiness', 'liveness']) {
    const probe = container[`${kind}Probe`]
    if (!isObject(probe)) continue
    leftOut.push(...unread(probe, PROBE, `${kind}Probe: `))
    const known = Object.entries(probe).filter(([field]) => PROBE.includes(field))
    probes[kind] = probeValue(Object.fromEntries(known), ports)
  }
  return probes
}

/** A probe in the shortest of the chart's three forms. */
function probeValue(probe: JsonObject, ports: ContainerPorts): Json {
  const { httpGet, ...timings } = probe
  if (!isObject(httpGet)) return withPorts(probe, ports)
  const { path: asked = '/', port, scheme, ...more } = httpGet
  if (Object.keys(more).length > 0 || typeof asked !== 'string' || !asked.startsWith('/')) {
    return withPorts(probe, ports)
  }
  const short = withoutEmpty({ path: asked, port: ports.refer(port), scheme, ...timings })
  return Object.keys(short).length === 1 ? asked : short
}

/**
 * The part of the container's securityContext that the chart does not set itself; `none` where the chart's would be
 * stricter.
 */
function securityValues(own: JsonObject, podSecurity: JsonObject): JsonObject {
  const { capabilities, seccompProfile } = own
  const profile = seccompProfile ?? podSecurity.seccompProfile
  const drops = isObject(capabilities) && Array.isArray(capabilities.drop) ? capabilities.drop : []
  const isRestricted =
    own.allowPrivilegeEscalation === false &&
    drops.includes('ALL') &&
    (own.runAsNonRoot ?? podSecurity.runAsNonRoot) === true &&
    (isDeepStrictEqual(profile, RESTRICTED.seccompProfile) || seccompProfile !== undefined)
  if (!isRestricted) return { podSecurity: 'none', securityContext: own }
  const more = Object.entries(own).filter(([key, value]) => !isDeepStrictEqual(value, RESTRICTED[key]))
  return { securityContext: Object.fromEntries(more) }
}

/** The words, escaped for the chart's templates. */
function templates(words: Json | undefined): Json | undefined {
  return Array.isArray(words) ? words.map((word) => asTemplate(textOf(word))) : undefined
}
