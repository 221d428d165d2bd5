import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { gatewayApiCauses } from '../../src/sandbox/api-server/admission/gateway-api.js'
import { fixture } from './helm.js'

/** Both ends of the versions of the Gateway API that the chart is for; made by scripts/make-gateway-api-schemas.ts. */
export const GATEWAY_API_VERSIONS = ['v1.1.1', 'v1.6.2'] as const

export type GatewayApiVersion = (typeof GATEWAY_API_VERSIONS)[number]

const ajv = new Ajv({ strict: false, allErrors: true, formats: { int32: true } })
ajv.addKeyword({
  keyword: 'x-kubernetes-list-map-keys',
  validate: (keys: string[], items: Record<string, unknown>[]) =>
    new Set(items.map((item) => JSON.stringify(keys.map((key) => item[key])))).size === items.length,
})

const schemas = Object.fromEntries(
  GATEWAY_API_VERSIONS.map((version) => [
    version,
    JSON.parse(readFileSync(fixture(`gateway-api/${version}.json`), 'utf8')),
  ]),
)
const validators = new Map<string, ValidateFunction>()

/**
 * What the standard channel of that version would refuse of an object's spec: by the CRD's schema, and by its rules in CEL as the
 * sandbox knows them. Metadata is not looked at.
 */
export function gatewayApiProblems(object: any, version: GatewayApiVersion): string[] {
  const kind = `${object.apiVersion} ${object.kind}`
  const schema = schemas[version]?.[kind]
  if (!schema) return [`${object.kind}/${object.metadata.name}: ${version} has no ${kind}`]
  const key = `${version} ${kind}`
  const validate = validators.get(key) ?? ajv.compile(schema)
  validators.set(key, validate)
  validate(object.spec)
  const problems = (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  )
  const causes = gatewayApiCauses(object).map(({ field, message }) => `${field}: ${message}`)
  return [...problems, ...causes].map((problem) => `${object.kind}/${object.metadata.name} ${problem}`)
}
