import type { LeftOut } from '../../model/results/init.js'
import type { Json, JsonObject } from '../../model/values.js'
import { unread } from '../import/unread.js'
import { listOf, textOf } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'

const NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/
const SOURCES = ['secretKeyRef', 'configMapKeyRef', 'fieldRef', 'resourceFieldRef']
/** Kubernetes' own syntax in a value: `$$` is a dollar, `$(NAME)` another variable, any other dollar is literal. */
const REFERENCE = /\$\$|\$\(([^)]*)\)|\$/g

/** A text, escaped for the chart's templates. */
export function asTemplate(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}')
}

/**
 * A container's list of variables as the chart's map. A reference (`$(OTHER)`) reaches only variables before it, and
 * the chart orders them its own way: first those with a source, then texts, each sorted by name. Where that order would
 * change a text, its references are resolved here.
 */
export function environmentValues(list: Json | undefined): { env: JsonObject; leftOut: LeftOut[] } {
  const env = new Map<string, Json>()
  const leftOut: LeftOut[] = []
  const variables = listOf(list).map(({ name, value, valueFrom, ...more }) => {
    leftOut.push(...unread(more, [], `env ${textOf(name)}: `))
    return { name: textOf(name), value, valueFrom }
  })
  const order = new Order(variables)
  for (const { name, value, valueFrom } of variables) {
    const lose = (reason: string) => leftOut.push({ field: `env ${name}`, reason })
    if (env.delete(name)) lose('it is set several times, and the last one counts')
    if (!NAME.test(name)) {
      lose('the chart accepts only letters, digits, "-", "_" and "." in names')
    } else if (isObject(valueFrom)) {
      const [source, ...more] = Object.keys(valueFrom)
      if (source !== undefined && more.length === 0 && SOURCES.includes(source)) env.set(name, valueFrom)
      else lose(`the chart does not support variables from ${source ?? 'nothing'}`)
      order.pass(name)
    } else {
      const text = textOf(value)
      env.set(name, asTemplate(order.keeps(name, text) ? text : order.filledIn(text)))
      order.pass(name, text)
    }
  }
  return { env: Object.fromEntries(env), leftOut }
}

/** Which variables precede another: in the given list, and in the chart's order. */
class Order {
  /** Variables of the list so far: their resolved text, or undefined for those with a source. */
  private readonly before = new Map<string, string | undefined>()
  /** All variables of the list: whether each has a source. */
  private readonly fromElsewhere = new Map<string, boolean>()
  private readonly repeated = new Set<string>()

  constructor(variables: { name: string; valueFrom?: Json }[]) {
    for (const { name, valueFrom } of variables) {
      if (this.fromElsewhere.has(name)) this.repeated.add(name)
      this.fromElsewhere.set(name, isObject(valueFrom))
    }
  }

  /** Adds a variable to those before, with its text or without one. */
  pass(name: string, text?: string): void {
    this.before.set(name, text === undefined ? undefined : this.filledIn(text))
  }

  /** Whether the references of a text resolve to the same in the chart's order. */
  keeps(name: string, text: string): boolean {
    return [...text.matchAll(REFERENCE)].every(([, other]) => {
      if (other === undefined || !this.fromElsewhere.has(other)) return true
      const willBeBefore = this.fromElsewhere.get(other) === true || other < name
      return this.before.has(other) === willBeBefore && !this.repeated.has(other)
    })
  }

  /** The text with its references resolved; a reference without effect stays literal. */
  filledIn(text: string): string {
    return text.replace(REFERENCE, (whole, other: string | undefined) => {
      // Next to another text, a dollar could become part of a reference.
      if (whole === '$') return '$$'
      if (other === undefined || !this.fromElsewhere.has(other)) return whole
      return this.before.has(other) ? (this.before.get(other) ?? whole) : `$${whole}`
    })
  }
}
