import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
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

/** What the standard channel of that version would refuse of an object's spec; its own fields and names are not looked at. */
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
  const rules = object.kind === 'HTTPRoute' ? ruleProblems(object.spec) : []
  return [...problems, ...rules].map((problem) => `${object.kind}/${object.metadata.name} ${problem}`)
}

const UNFIT_PATH = /\/\/|\/\.\.?(\/|$)|%2f|[^-A-Za-z0-9/._~!$&'()*+,;=:@%]/i

/** The CRD's rules in CEL, as far as the chart could break them. */
function ruleProblems({ rules, parentRefs }: any): string[] {
  const problems: string[] = []
  const count = rules.reduce((sum: number, rule: any) => sum + rule.matches.length, 0)
  if (count > 128) problems.push(`${count} matches in all`)
  const parents = parentRefs.map((ref: any) => JSON.stringify([ref.namespace, ref.name, ref.sectionName]))
  if (new Set(parents).size < parents.length) problems.push('one parent twice')
  for (const [index, { matches, filters = [] }] of rules.entries()) {
    for (const { path } of matches)
      if (path.type !== 'RegularExpression' && UNFIT_PATH.test(path.value))
        problems.push(`rules[${index}]: the path ${path.value}`)
    const types = filters.map(({ type }: any) => type)
    if (new Set(types).size < types.length) problems.push(`rules[${index}]: a filter twice`)
    const isPrefixReplaced = filters.some(({ urlRewrite }: any) => urlRewrite?.path?.replacePrefixMatch)
    if (isPrefixReplaced && (matches.length !== 1 || matches[0].path.type !== 'PathPrefix'))
      problems.push(`rules[${index}]: replacePrefixMatch without exactly one PathPrefix`)
  }
  return problems
}
