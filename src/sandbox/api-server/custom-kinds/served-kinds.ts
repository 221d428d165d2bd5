import type { KubeObject, ResourceType } from '../objects.js'
import { RESOURCES } from '../resources.js'
import {
  type Channel,
  CHANNEL_ANNOTATION,
  gatewayApiSchema,
  VERSION_ANNOTATION,
} from '../schema/gateway-api-types.js'
import type { ObjectStore } from '../store.js'
import { kindOfDefinition } from './definition.js'

const GATEWAY_API = 'gateway.networking.k8s.io'
const BUILT_IN: ResourceType[] = Object.values(RESOURCES).filter(({ custom }: ResourceType) => !custom)
const KNOWN = new Map(
  Object.values(RESOURCES)
    .filter(({ custom }: ResourceType) => custom)
    .map((type: ResourceType) => [definitionName(type), type]),
)

/**
 * The kinds the API serves at the moment: a custom one while its CustomResourceDefinition is there. Those that the
 * sandbox knows have its own schemas and rules; of the Gateway API, in the versions that the definition serves.
 */
export function servedKinds(store: ObjectStore): ResourceType[] {
  const custom = store.list(RESOURCES.customresourcedefinitions).flatMap((definition) => {
    const defined = kindOfDefinition(definition)
    const known = KNOWN.get(definition.metadata.name)
    if (!defined || !known) return defined ?? []
    if (known.group !== GATEWAY_API) return known
    const { version, olderVersions } = defined
    return { ...known, version, olderVersions, schema: gatewayApiSchemaOf(known, definition) }
  })
  return [...BUILT_IN, ...custom]
}

/** The kinds that may have objects: those the sandbox knows, served or not, and those of definitions. */
export function storedKinds(store: ObjectStore): ResourceType[] {
  const others = servedKinds(store).filter((type) => type.custom && !isKnown(definitionName(type)))
  return [...Object.values(RESOURCES), ...others]
}

/** Whether the sandbox has this kind's schema itself. */
export function isKnown(definition: string): boolean {
  return KNOWN.has(definition)
}

function definitionName({ plural, group }: ResourceType): string {
  return `${plural}.${group}`
}

function gatewayApiSchemaOf({ kind }: ResourceType, { metadata: { annotations = {} } }: KubeObject): string {
  const version = (annotations[VERSION_ANNOTATION] ?? '').replace(/^v/, '')
  return gatewayApiSchema(kind, version, annotations[CHANNEL_ANNOTATION] as Channel)
}
