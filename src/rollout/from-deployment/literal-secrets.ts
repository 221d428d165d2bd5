import { isDeepStrictEqual } from 'node:util'
import { isPlural, isSecretKey, mayBeSecret } from '../../lib/secrets/secret-keys.js'
import { maskPatterns } from '../../lib/secrets/secret-texts.js'
import { maskSecrets, secretsIn } from '../../lib/secrets/secrets.js'
import type { Json, JsonObject } from '../../model/values.js'
import { textOf, withoutEmpty } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'

/** A literal secret of a container that became a reference to a Secret. */
export interface MovedSecret {
  /** Its former place: `env DB_PASSWORD`, `args[1]`. */
  place: string
  /** Key of the Secret. */
  key: string
}

/**
 * A container without its literal secrets: passwords in variables and arguments become references to keys of the Secret
 * `secret`, which has yet to be created; other fields that contain secrets (`masked`) read `***`.
 */
export function withoutLiteralSecrets(
  container: JsonObject,
  secret: string,
): { container: JsonObject; moved: MovedSecret[]; masked: string[] } {
  const moved: MovedSecret[] = []
  const env = Array.isArray(container.env) ? [...container.env] : []
  const refer = (key: string): JsonObject => ({
    name: key,
    valueFrom: { secretKeyRef: { name: secret, key } },
  })
  const variables = env.map((variable) => {
    if (!isObject(variable) || !isSecretVariable(variable.name, variable.value)) return variable
    const key = textOf(variable.name)
    moved.push({ place: `env ${key}`, key })
    return refer(key)
  })
  const words: JsonObject = {}
  for (const field of ['command', 'args']) {
    const list = container[field]
    if (!isTexts(list)) continue
    const cleaned = withoutSecretWords(list, (key, index) => {
      const known = new Set(variables.map((variable) => isObject(variable) && variable.name))
      const free = known.has(key) ? `${key}_OF_${field.toUpperCase()}` : key
      moved.push({ place: `${field}[${index}]`, key: free })
      variables.push(refer(free))
      return free
    })
    words[field] = cleaned
  }
  // Only variables and arguments can refer to a Secret.
  const { env: _env, command: _command, args: _args, ...rest } = container
  const safe = maskSecrets(rest)
  return {
    container: withoutEmpty({ ...container, ...safe, ...words, env: variables }),
    moved,
    masked: Object.keys(rest).filter((field) => !isDeepStrictEqual(rest[field], safe[field])),
  }
}

function isSecretVariable(name: Json | undefined, value: Json | undefined): boolean {
  if (typeof name !== 'string' || typeof value !== 'string' || value === '') return false
  const literal = value.replace(/\$\([^()]*\)/g, '')
  if (maskPatterns(literal) !== literal) return true
  // A reference to another variable, or a switch, is no secret.
  if (/^\$\([^)]+\)$/.test(value) || /^(true|false)$/i.test(value)) return false
  return (isSecretKey(name) || mayBeSecret(name, value)) && !isCount(name, value)
}

/** Whether a name with "token" in it is a count: `MAX_TOKENS=100`. */
function isCount(name: string, value: string): boolean {
  return isPlural(name) && /^\d+$/.test(value)
}

/** Replaces secrets by `$(KEY)`, which Kubernetes expands from the container's variables. */
function withoutSecretWords(words: string[], keyFor: (key: string, index: number) => string): string[] {
  const masked = maskSecrets(words)
  return words.map((word, index) => {
    if (masked[index] === word || /^(--?[\w-]+=)?\$\([^)]+\)$/.test(word)) return word
    const [, flag, value = ''] = /^--?([A-Za-z][\w-]*)=(.+)$/s.exec(word) ?? []
    if (flag !== undefined && isCount(flag, value)) return word
    if (flag !== undefined && isSecretKey(flag)) {
      return `${word.slice(0, word.indexOf('=') + 1)}$(${keyFor(variableName(flag), index)})`
    }
    const [, before] = /^--?([A-Za-z][\w-]*)$/.exec(words[index - 1] ?? '') ?? []
    if (before !== undefined && isSecretKey(before)) return `$(${keyFor(variableName(before), index)})`
    // In a longer text only the secret is replaced, where its bounds are known.
    const [literal] = secretsIn([word]).filter((text) => text !== word && word.includes(text))
    const key = `$(${keyFor(`SECRET_${index}`, index)})`
    return literal === undefined ? key : word.replaceAll(literal, key)
  })
}

function variableName(flag: string): string {
  return flag
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase()
}

function isTexts(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
