import type { LeftOut } from '../../model/results/init.js'
import type { Json, JsonObject } from '../../model/values.js'
import { unread } from '../import/unread.js'
import { listOf, textOf } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'

const NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/
const SOURCES = ['secretKeyRef', 'configMapKeyRef', 'fieldRef', 'resourceFieldRef']
/** What Kubernetes reads in a text: `$$` is a dollar, `$(NAME)` another variable, any other dollar itself. */
const REFERENCE = /\$\$|\$\(([^)]*)\)|\$/g

/** A text as the chart's templates leave it. */
export function asTemplate(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}')
}

/**
 * A container's list of variables as the map that the chart takes. A reference (`$(OTHER)`) reaches only variables before
 * it, and the chart has an order of its own: those from elsewhere first, then texts, each sorted by name. Texts are filled
 * in where that would say something else.
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
    if (env.delete(name)) lose('it is there several times: the last one counts')
    if (!NAME.test(name)) {
      lose('the chart takes names of letters, digits, "-", "_" and "." only')
    } else if (isObject(valueFrom)) {
      const [source, ...more] = Object.keys(valueFrom)
      if (source !== undefined && more.length === 0 && SOURCES.includes(source)) env.set(name, valueFrom)
      else lose(`the chart has no variables from ${source ?? 'nothing'}`)
      order.pass(name)
    } else {
      const text = textOf(value)
      env.set(name, asTemplate(order.keeps(name, text) ? text : order.filledIn(text)))
      order.pass(name, text)
    }
  }
  return { env: Object.fromEntries(env), leftOut }
}

/** Which variables are before another: in the list that was given, and as the chart writes them. */
class Order {
  /** Variables of the list so far: their texts, filled in, or undefined for those from elsewhere. */
  private readonly before = new Map<string, string | undefined>()
  /** All of the list. */
  private readonly fromElsewhere = new Map<string, boolean>()
  private readonly repeated = new Set<string>()

  constructor(variables: { name: string; valueFrom?: Json }[]) {
    for (const { name, valueFrom } of variables) {
      if (this.fromElsewhere.has(name)) this.repeated.add(name)
      this.fromElsewhere.set(name, isObject(valueFrom))
    }
  }

  /** Goes on behind a variable, with its text or without one. */
  pass(name: string, text?: string): void {
    this.before.set(name, text === undefined ? undefined : this.filledIn(text))
  }

  /** Whether the references of a text say the same where the chart writes it. */
  keeps(name: string, text: string): boolean {
    return [...text.matchAll(REFERENCE)].every(([, other]) => {
      if (other === undefined || !this.fromElsewhere.has(other)) return true
      const willBeBefore = this.fromElsewhere.get(other) === true || other < name
      return this.before.has(other) === willBeBefore && !this.repeated.has(other)
    })
  }

  /** The text with the texts that it refers to; what had no effect has none. */
  filledIn(text: string): string {
    return text.replace(REFERENCE, (whole, other: string | undefined) => {
      // Beside another text a dollar could become part of a reference.
      if (whole === '$') return '$$'
      if (other === undefined || !this.fromElsewhere.has(other)) return whole
      return this.before.has(other) ? (this.before.get(other) ?? whole) : `$${whole}`
    })
  }
}
