/** A schema of values.schema.json, as far as the table shows it. */
interface ValueSchema {
  $ref?: string
  type?: string | string[]
  description?: string
  default?: unknown
  enum?: (string | null)[]
  required?: string[]
  properties?: Record<string, ValueSchema>
  items?: ValueSchema
  anyOf?: ValueSchema[]
  allOf?: ValueSchema[]
  oneOf?: ValueSchema[]
  definitions?: Record<string, ValueSchema>
}

interface Row {
  key: string
  type: string
  fallback: string
  description: string
}

/** Used by Helm alone, and the same as `app` for a version each. */
const LEFT_OUT = new Set(['global', 'deployment'])

/**
 * The chart's values as Markdown: a table per part, a row per value. Descriptions, types and defaults are the schema's;
 * a default of values.yaml goes before the schema's.
 */
export function valuesTable(schema: ValueSchema, values: Record<string, unknown>): string {
  const definitions = schema.definitions ?? {}
  const parts = Object.entries(schema.properties ?? {}).filter(([name]) => !LEFT_OUT.has(name))
  return parts
    .map(([name, part]) => {
      const resolved = resolve(part, definitions)
      const title =
        name === 'app' ? "### `app` and `deployment.<version>`: a version's configuration" : `### \`${name}\``
      const rows = rowsOf(name, resolved, values[name], definitions)
      return [title, ...(resolved.description ? [`${resolved.description}.`] : []), markdown(rows)].join(
        '\n\n',
      )
    })
    .join('\n\n')
}

/** The rows of what is inside of a map, or of a list's items; each key with those inside of it after it. */
function rowsOf(
  place: string,
  schema: ValueSchema,
  values: unknown,
  definitions: Record<string, ValueSchema>,
): Row[] {
  const entries = Object.entries(schema.properties ?? {})
  return entries.flatMap(([key, property], index) => {
    const resolved = resolve(property, definitions)
    const at = `${place}.${key}`
    const value = (values as Record<string, unknown> | undefined)?.[key]
    const row: Row = {
      key: at,
      type: typeOf(resolved),
      fallback: fallbackOf(value ?? resolved.default, schema.required?.includes(key)),
      description: resolved.description ?? '',
    }
    // Three probes, and so on: what they have in common is told with the first of them.
    if (property.$ref && entries.findIndex(([, other]) => other.$ref === property.$ref) < index) return [row]
    return [
      row,
      ...(resolved.items
        ? rowsOf(`${at}[]`, resolve(resolved.items, definitions), undefined, definitions)
        : rowsOf(at, resolved, value, definitions)),
    ]
  })
}

function resolve(schema: ValueSchema, definitions: Record<string, ValueSchema>): ValueSchema {
  if (!schema.$ref) return schema
  const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
  const definition = definitions[name]
  if (!definition) throw new Error(`${schema.$ref} is not among the definitions of values.schema.json`)
  return { ...definition, ...schema }
}

function typeOf(schema: ValueSchema): string {
  if (schema.enum) {
    const choices = schema.enum.filter((choice) => choice !== null)
    return choices.map((choice) => `\`${choice}\``).join(', ')
  }
  if (schema.type === undefined) {
    const one = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? []
    const types = one.map((choice) => (choice.$ref ? refType(choice.$ref) : typeOf(choice))).filter(Boolean)
    return [...new Set(types)].join(' or ')
  }
  const types = [schema.type].flat().filter((type) => type !== 'null')
  return types.map((type) => ({ object: 'map', array: 'list', string: 'text' })[type] ?? type).join(' or ')
}

/** Numbers and statuses, which are texts as well where they come from --set. */
function refType(ref: string): string {
  return ref.endsWith('/decimal') ? 'number' : 'number or text'
}

function fallbackOf(value: unknown, isRequired = false): string {
  if (isRequired && value === undefined) return 'required'
  if (value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0)) return ''
  return typeof value === 'string' ? `\`${value}\`` : `\`${JSON.stringify(value)}\``
}

function markdown(rows: Row[]): string {
  const lines = rows.map(({ key, type, fallback, description }) => {
    // A placeholder such as <release> would be taken for HTML.
    const cells = [`\`${key}\``, type, fallback, description.replaceAll('<', '\\<')]
    return cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')
  })
  return ['| value | type | default | what it is |', '| --- | --- | --- | --- |']
    .concat(lines.map((line) => `| ${line} |`))
    .join('\n')
}

const BEGIN = '<!-- Made by npm run docs:chart of values.schema.json and values.yaml. -->'
const END = '<!-- End of what is made. -->'

/** The README with the table in place of the one between its marks. */
export function withTable(readme: string, table: string): string {
  const [before, rest] = split(readme, BEGIN)
  const [, after] = split(rest, END)
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  if (at === -1) throw new Error(`chart/README.md has no line ${mark}`)
  return [text.slice(0, at), text.slice(at + mark.length)]
}
