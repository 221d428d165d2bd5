import type { KubeObject } from './objects.js'
import { badRequest } from './status.js'

export type Matcher = (object: KubeObject) => boolean

const OPERATORS = ['==', '!=', '=', '!', '(', ')', ','] as const
const IDENTIFIER = /^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$/

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Throws 400 for any other text. */
function parseLabelSelector(text: string): (labels: Record<string, string>) => boolean {
  const tokens = tokenise(text)
  const requirements: ((labels: Record<string, string>) => boolean)[] = []
  let position = 0
  const peek = () => tokens[position] ?? ''
  const take = () => tokens[position++] ?? ''

  while (position < tokens.length) {
    const negated = peek() === '!'
    if (negated) take()
    const key = take()
    if (!IDENTIFIER.test(key)) {
      throw badRequest(
        `found '${key}', expected: ${negated ? 'identifier' : "!, identifier, or 'end of string'"}`,
      )
    }
    requirements.push(negated ? (labels) => !(key in labels) : requirement(key))
    if (position < tokens.length) {
      const separator = take()
      if (separator !== ',') throw badRequest(`found '${separator}', expected: ',' or 'end of string'`)
    }
  }
  return (labels) => requirements.every((matches) => matches(labels))

  function requirement(key: string): (labels: Record<string, string>) => boolean {
    const operator = peek()
    if (operator === '' || operator === ',') return (labels) => key in labels
    take()
    if (operator === '=' || operator === '==') {
      const value = takeValue()
      return (labels) => labels[key] === value
    }
    if (operator === '!=') {
      const value = takeValue()
      return (labels) => labels[key] !== value
    }
    if (operator === 'in' || operator === 'notin') {
      const values = takeValues()
      return (labels) => (labels[key] !== undefined && values.includes(labels[key])) === (operator === 'in')
    }
    throw badRequest(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`)
  }

  /** An empty value is a value: `a=` selects the empty string. */
  function takeValue(): string {
    return peek() === ',' || peek() === '' ? '' : take()
  }

  function takeValues(): string[] {
    const opening = take()
    if (opening !== '(') throw badRequest(`found '${opening}', expected: '('`)
    const values: string[] = []
    for (;;) {
      values.push(peek() === ',' || peek() === ')' ? '' : take())
      const next = take()
      if (next === ')') return values
      if (next !== ',') throw badRequest(`found '${next}', expected: ',' or ')'`)
    }
  }
}

function tokenise(text: string): string[] {
  const tokens: string[] = []
  let rest = text.trimStart()
  while (rest !== '') {
    const token = OPERATORS.find((operator) => rest.startsWith(operator)) ?? /^[^\s=!(),]+/.exec(rest)![0]
    tokens.push(token)
    rest = rest.slice(token.length).trimStart()
  }
  return tokens
}

/** Fields that a selector may name, and their paths; every kind has `metadata.*`. */
const SELECTABLE: Record<string, string[]> = {
  Pod: ['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'type',
    'source',
  ],
  Secret: ['type'],
  Service: ['spec.clusterIP', 'spec.type'],
  Namespace: ['status.phase'],
  ReplicaSet: ['status.replicas'],
  Node: ['spec.unschedulable'],
}

/** `metadata.name=echo,status.phase!=Running`. Throws 400 for fields that this kind has no selector for. */
function parseFieldSelector(text: string, kind: string): Matcher {
  const requirements = text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const match = /^\s*([^=!\s]+)\s*(!=|==?)\s*(.*?)\s*$/.exec(part)
      if (!match) throw badRequest(`invalid field selector: ${text}; can't understand '${part}'`)
      const [, field = '', operator = '=', value = ''] = match
      const known = ['metadata.name', 'metadata.namespace', ...(SELECTABLE[kind] ?? [])]
      if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`)
      return (object: KubeObject) => (fieldValue(object, field) === value) === (operator !== '!=')
    })
  return (object) => requirements.every((matches) => matches(object))
}

function fieldValue(object: KubeObject, path: string): string {
  const value = path.split('.').reduce<any>((parent, key) => parent?.[key], object) as unknown
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** Both selectors of a list or watch request in one. */
export function parseSelectors(query: URLSearchParams, kind: string): Matcher {
  const byLabels = parseLabelSelector(query.get('labelSelector') ?? '')
  const byFields = parseFieldSelector(query.get('fieldSelector') ?? '', kind)
  return (object) => byLabels(object.metadata.labels ?? {}) && byFields(object)
}
