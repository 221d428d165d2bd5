import type { KubeObject, ResourceType } from './api-server/objects.js'
import { RESOURCES } from './api-server/resources.js'
import { type Channel, gatewayApiSchema } from './api-server/schema/gateway-api-types.js'
import type { ObjectStore } from './api-server/store.js'
import {
  CHANNEL_ANNOTATION,
  GATEWAY_API_KINDS,
  VERSION_ANNOTATION,
} from './gateway/gateway-api/infrastructure.js'

/** The kinds the API serves at the moment: a custom one while its CRD is there, with the fields of that CRD's version. */
export function servedKinds(store: ObjectStore): ResourceType[] {
  const all: ResourceType[] = Object.values(RESOURCES)
  const isGatewayApi = (type: ResourceType) => GATEWAY_API_KINDS.some(({ plural }) => plural === type.plural)
  return all.flatMap((type) => {
    if (!type.custom) return [type]
    const name = `${type.plural}.${type.group}`
    const definition = store.get(RESOURCES.customresourcedefinitions, undefined, name)
    if (!definition) return []
    return [isGatewayApi(type) ? { ...type, schema: schemaOf(type, definition) } : type]
  })
}

function schemaOf({ kind }: ResourceType, { metadata: { annotations = {} } }: KubeObject): string {
  const version = (annotations[VERSION_ANNOTATION] ?? '').replace(/^v/, '')
  return gatewayApiSchema(kind, version, annotations[CHANNEL_ANNOTATION] as Channel)
}
