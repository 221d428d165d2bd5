import * as v from 'valibot'
import { didYouMean } from '../../lib/closest.js'
import type { Path, Problem } from '../file/problems.js'
import { EITHER, runbookForm, type WrittenRunbook } from './runbook.js'
import type { Form } from './parts.js'

/** How a number, true or false is written in the file, for messages. */
type TextAt = (path: Path) => string | undefined

/** A document as a runbook, or everything that is wrong with its form: one problem for each value. */
export function checkForm(
  document: unknown,
  textAt: TextAt = () => undefined,
): { runbook: WrittenRunbook } | { problems: Problem[] } {
  const { issues = [], output } = v.safeParse(runbookForm, document)
  const problems = [...new Explainer(textAt).explain(issues, runbookForm, []), ...eitherForm(document)]
  return problems.length === 0 ? { runbook: output as WrittenRunbook } : { problems }
}

function eitherForm(document: unknown): Problem[] {
  if (!isMap(document)) return []
  const given = EITHER.filter((key) => Object.hasOwn(document, key))
  if (given.length === 1) return []
  const [last] = given.slice(-1)
  return last === undefined
    ? [{ path: [], message: `needs the key ${EITHER.map((key) => `"${key}"`).join(' or ')}` }]
    : [
        {
          path: [last],
          isKey: true,
          message: `"${last}" conflicts with ${given.filter((key) => key !== last).join(', ')}: keep one of them`,
        },
      ]
}

/** Puts what valibot found into the words of people who write such files. */
class Explainer {
  constructor(private readonly textAt: TextAt) {}

  /** Of each value the first problem alone: further ones repeat it. */
  explain(issues: v.GenericIssue[], form: Form, prefix: Path): Problem[] {
    const problems = issues.flatMap((issue) => this.problemsOf(issue, form, prefix))
    const byPlace = new Map<string, Problem>()
    for (const problem of problems) {
      const { path, isKey = false, message } = problem
      // Keys that are missing have one place, the map that lacks them.
      const place = JSON.stringify([path, isKey, message.startsWith('needs') ? message : ''])
      if (!byPlace.has(place)) byPlace.set(place, problem)
    }
    return [...byPlace.values()]
  }

  private problemsOf(issue: v.GenericIssue, form: Form, prefix: Path): Problem[] {
    const steps = issue.path ?? []
    const keys = steps.map(({ key }) => key as string | number)
    const path = [...prefix, ...keys]
    if (steps.at(-1)?.origin === 'key') return [keyProblem(issue, form, keys, path)]
    const forms = formsAt(form, keys)
    if (issue.type === 'union') return this.unionProblems(issue, forms, path)
    return [{ path, message: this.valueMessage(issue, forms, path) }]
  }

  /** What is wrong by the alternative that was most likely meant. */
  private unionProblems(issue: v.GenericIssue, forms: Form[], path: Path): Problem[] {
    const { input } = issue
    const words = forms.find(({ type }) => type === 'picklist')
    if (typeof input === 'string' && words) return [{ path, message: notOneOf(input, optionsOf(words)) }]
    if (!isMap(input)) return [{ path, message: this.valueMessage(issue, forms, path) }]
    const maps = forms.filter(({ type }) => type === 'strict_object' || type === 'record')
    const meant = maps.filter((map) => requiredOf(map).every((key) => Object.hasOwn(input, key)))
    const [likely] = (meant.length > 0 ? meant : maps.length === 1 ? maps : [])
      .map((map) => this.explain(v.safeParse(map, input).issues ?? [], map, path))
      .sort((a, b) => a.length - b.length)
    if (likely) return likely
    const known = maps.flatMap((map) => Object.keys(entriesOf(map)))
    const required = maps.flatMap(requiredOf)
    const odd = Object.keys(input).find((key) => !known.includes(key))
    return odd === undefined
      ? [{ path, message: `needs one of the keys ${required.join(', ')}` }]
      : [{ path: [...path, odd], isKey: true, message: unknownKey(odd, required) }]
  }

  private valueMessage(
    { type, input, expected, message }: v.GenericIssue,
    forms: Form[],
    path: Path,
  ): string {
    if (type === 'min_length' || type === 'min_entries') return 'must not be empty'
    if (type === 'literal') return `must be ${expected}, not ${shown(input)}`
    const words = forms.find((form) => form.type === 'picklist')
    if (type === 'picklist' && words) return notOneOf(input, optionsOf(words))
    const noun = message.startsWith('Invalid ') ? (NOUNS[type] ?? 'of another form') : message
    return `must be ${noun}, not ${this.shownAt(path, input, forms)}`
  }

  /** A value for messages; if it would be right as text, how to write it. */
  private shownAt(path: Path, input: unknown, forms: Form[]): string {
    const text = this.textAt(path)
    if (text === undefined) return shown(input)
    return forms.some((form) => form.type === 'string' && v.is(form, text))
      ? `${text}: write "${text}"`
      : text
  }
}

function keyProblem(issue: v.GenericIssue, form: Form, keys: Path, path: Path): Problem {
  const key = String(keys.at(-1))
  const [map] = formsAt(form, keys.slice(0, -1)).filter(({ type }) => type === issue.type)
  if (issue.type === 'strict_object') {
    return issue.expected === 'never'
      ? { path, isKey: true, message: unknownKey(key, Object.keys(map ? entriesOf(map) : {})) }
      : { path: path.slice(0, -1), message: `needs the key "${key}"` }
  }
  if (issue.expected === 'never') return { path, isKey: true, message: `"${key}" is a reserved name` }
  return { path, isKey: true, message: `must be ${issue.message}, not ${shown(key)}` }
}

/** The forms that a value at this place may have, alternatives apart. */
function formsAt(form: Form, path: Path): Form[] {
  return path.reduce(
    (forms, key) => forms.flatMap((one) => alternatives(partOf(one, key))),
    alternatives(form),
  )
}

function alternatives(form: Form | undefined): Form[] {
  if (form === undefined) return []
  if ('options' in form && form.type === 'union') return (form.options as Form[]).flatMap(alternatives)
  return 'wrapped' in form ? alternatives(form.wrapped as Form) : [form]
}

function partOf(form: Form, key: string | number): Form | undefined {
  if ('item' in form) return form.item as Form
  if (form.type === 'record' && 'value' in form) return form.value as Form
  return entriesOf(form)[key]
}

function entriesOf(form: Form): Record<string, Form | undefined> {
  return 'entries' in form ? (form.entries as Record<string, Form>) : {}
}

function requiredOf(form: Form): string[] {
  return Object.entries(entriesOf(form)).flatMap(([key, entry]) => (entry?.type === 'optional' ? [] : [key]))
}

function optionsOf(form: Form): string[] {
  return 'options' in form ? (form.options as string[]) : []
}

const NOUNS: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
  record: 'a map',
  strict_object: 'a map',
  string: 'text (in quotes if it is a number)',
}

/** Names the nearest valid word, and all of them. */
function unknownKey(key: string, known: string[]): string {
  const others = known.length === 0 ? 'no keys are allowed here' : `the keys are ${listed(known)}`
  return `unknown key "${key}"${didYouMean(key, known)}; ${others}`
}

/** Enough of the words for a message. */
export function listed(words: string[]): string {
  const most = 24
  return words.length > most ? `${words.slice(0, most).join(', ')}, …` : words.join(', ')
}

function notOneOf(value: unknown, known: string[]): string {
  const meant = typeof value === 'string' ? didYouMean(value, known) : ''
  return `must be one of ${listed(known)}, not ${shown(value)}${meant}`
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
