/**
 * Writes test/chart/fixtures/gateway-api/VERSION.json, the schemas of the standard channel that the chart's objects are held against,
 * of an unpacked Go module sigs.k8s.io/gateway-api (`go mod download -json sigs.k8s.io/gateway-api@v1.6.2` says where):
 *   node --import tsx scripts/make-gateway-api-schemas.ts FOLDER
 */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

interface Schema {
  properties?: Record<string, Schema>
  [keyword: string]: unknown
}

interface Definition {
  spec: {
    group: string
    names: { kind: string }
    versions: { name: string; schema: { openAPIV3Schema: { properties: { spec: Schema } } } }[]
  }
}

/** What the chart makes: the version of each kind by its file. */
const KINDS = { httproutes: 'v1', referencegrants: 'v1beta1', backendtlspolicies: 'v1' }

const folder = process.argv[2]
const version = folder && /@(v[0-9.]+)/.exec(folder)?.[1]
if (!version) throw new Error('Name the folder of the module, …/sigs.k8s.io/gateway-api@VERSION.')

const crds = path.join(folder, 'config/crd/standard')
const files = new Set(await readdir(crds))
const schemas: Record<string, unknown> = {}
for (const [plural, name] of Object.entries(KINDS)) {
  const file = `gateway.networking.k8s.io_${plural}.yaml`
  // A kind that this version has in the experimental channel alone.
  if (!files.has(file)) continue
  const { spec } = parse(await readFile(path.join(crds, file), 'utf8')) as Definition
  const served = spec.versions.find((candidate) => candidate.name === name)
  if (!served) throw new Error(`${file} of ${version} has no ${name}`)
  schemas[`${spec.group}/${name} ${spec.names.kind}`] = bare(served.schema.openAPIV3Schema.properties.spec)
}
const target = fileURLToPath(new URL(`../test/chart/fixtures/gateway-api/${version}.json`, import.meta.url))
await mkdir(path.dirname(target), { recursive: true })
await writeFile(target, `${JSON.stringify(schemas)}\n`)

/** A schema without descriptions and the rules in CEL; fields that it does not list are refused. */
function bare(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((item: unknown) => bare(item))
  if (typeof schema !== 'object' || schema === null) return schema
  const { properties, ...keywords } = schema as Schema
  const kept = Object.entries(keywords).filter(
    ([keyword]) => keyword !== 'description' && keyword !== 'x-kubernetes-validations',
  )
  const bared = Object.fromEntries(kept.map(([keyword, value]) => [keyword, bare(value)]))
  if (!properties) return bared
  const fields: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(properties)) fields[name] = bare(field)
  return { ...bared, properties: fields, additionalProperties: false }
}
