/**
 * Writes src/lib/secrets/scanner-rules.ts anew from the rules of gitleaks: `npm run secret-rules`. Needs go, whose module proxy
 * has gitleaks' source. Go's regular expressions become JavaScript's, without what could make these slow: flags are written
 * out, and every repetition gets an upper bound.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { boundedPattern } from './bounded-pattern.js'

const MODULE = 'github.com/zricethezav/gitleaks/v8'
const VERSION = 'v8.30.1'

/** Rules that are not taken over, and why. */
const LEFT_OUT: Record<string, string> = {
  'generic-api-key': 'takes names of objects for secrets; its measures are used for keys (RANDOM)',
  'private-key': 'PRIVATE_KEY of secret-texts.ts, which needs no end',
  jwt: 'JSON_WEB_TOKEN of secret-texts.ts',
  'jwt-base64': 'far over a thousand characters for what hardly occurs',
  'curl-auth-header': 'over several lines without bound; CREDENTIALS finds them',
  'curl-auth-user': 'over several lines without bound',
  'hashicorp-tf-password': 'keys of secret-keys.ts',
  'kubernetes-secret-yaml': 'data of Secrets is masked where it is data',
  'pkcs12-file': 'is about the path of a file',
}
/** Public by purpose. */
const NO_SECRET = /-(?:client-id|access-id|pub-key|pub-api-key|public-key)$/
/** Within a rule: what would take any git commit for a secret. */
const TOO_WIDE: Record<string, string> = { 'sourcegraph-access-token': '|[a-fA-F0-9]{40})' }

/** What ends a token in gitleaks' rules: a quote, a blank, a semicolon. In logs other signs follow, too. */
const END = String.raw`(?:[\x60'"\s;]|\\[nr]|$)`
const ANY_END = String.raw`(?![\w-])`
const NAMED =
  /^(?:\(\?i\))?\[\\w\.-\]\{0,50\}\?(?:\(\?i:\[\\w\.-\]\{0,50\}\?)?(.+?)\(\?:\[ \\t\\w\.-\]\{0,20\}\)\[\\s'"\]\{0,3\}\)?\(\?:=\|>\|:\{1,3\}=\|\\\|\\\|\|:\|=>\|\\\?=\|,\)\[\\x60'"\\s=\]\{0,5\}(.+)$/

interface Rule {
  id: string
  regex: string
  entropy: number
  keywords: string[]
}

const { stdout } = await execa('go', ['mod', 'download', '-json', `${MODULE}@${VERSION}`], {
  env: { GOFLAGS: '-mod=mod' },
})
const { Dir: folder } = JSON.parse(stdout) as { Dir: string }
const [config, licence] = await Promise.all(
  ['config/gitleaks.toml', 'LICENSE'].map((name) => readFile(path.join(folder, name), 'utf8')),
)
const rules = rulesOf(config!)
const generic = rules.find(({ id }) => id === 'generic-api-key')!
const kept = rules.filter(({ id, regex }) => regex !== '' && !(id in LEFT_OUT) && !NO_SECRET.test(id))
await writeFile(
  new URL('../src/lib/secrets/scanner-rules.ts', import.meta.url),
  `/**
 * Made by \`npm run secret-rules\` from the rules of gitleaks ${VERSION} (https://github.com/gitleaks/gitleaks). Not to be edited.
 *
${licence!
  .trim()
  .split('\n')
  .map((line) => ` * ${line}`.trimEnd())
  .join('\n')}
 */

/**
 * A rule: keywords in lower case of which a text must have one; the flags of its patterns; the least entropy of a secret in bits
 * a character; the pattern of the secret, and of the name before it. Of the groups the first that took part is the secret, else all.
 */
export type ScannerRule = readonly [keywords: string, flags: string, entropy: number, secret: string, name?: string]

/** Secrets that show by their form. */
export const FORMS: readonly ScannerRule[] = [
${kept.flatMap((rule) => (NAMED.test(rule.regex) ? [] : formOf(rule))).join('')}]

/** Secrets that show by the name they are given to. */
export const NAMES: readonly Required<ScannerRule>[] = [
${kept.flatMap((rule) => namedOf(rule) ?? []).join('')}]

/** What tells a random text from words, in bits a character, and keys that open nothing (rule generic-api-key). */
export const RANDOM = {
  entropy: ${generic.entropy},
  harmlessKeys: ${quoted(boundedPattern(harmlessKeys(config!).replace('(?i)', '')))},
}
`,
)
console.log(`${kept.length} of ${rules.length} rules`)

function rulesOf(toml: string): Rule[] {
  return toml
    .split(/^\[\[rules\]\]$/m)
    .slice(1)
    .map((block) => {
      const [head = ''] = block.split(/^\s*\[\[/m)
      const [, keywords = ''] = /^keywords = \[([^\]]*)\]/m.exec(head) ?? []
      return {
        id: /^id = "(.*)"$/m.exec(head)?.[1] ?? '',
        regex: /^regex = '''([\s\S]*?)'''/m.exec(head)?.[1] ?? '',
        entropy: Number(/^entropy = (.*)$/m.exec(head)?.[1] ?? 0),
        keywords: [...keywords.matchAll(/"([^"]*)"/g)].map(([, word]) => word!.toLowerCase()),
      }
    })
}

function formOf(rule: Rule): string {
  const { id, regex } = rule
  const narrow = id in TOO_WIDE ? regex.replace(TOO_WIDE[id]!, ')') : regex
  if (id in TOO_WIDE && narrow === regex) throw new Error(`${id} has changed`)
  return line(rule, narrow)
}

function namedOf(rule: Rule): string | undefined {
  const [, name, secret] = NAMED.exec(rule.regex) ?? []
  if (name === undefined || secret === undefined) return undefined
  return line(rule, secret, boundedPattern(name, { anyCase: !isAnyCase(rule) }))
}

function harmlessKeys(toml: string): string {
  const [, after = ''] = toml.split(`description = "Allowlist for Generic API Keys"`)
  const [, found] = /regexes = \[\s*'''([\s\S]*?)''',?\s*\]/.exec(after) ?? []
  if (found === undefined) throw new Error('generic-api-key has changed')
  return found
}

function line(rule: Rule, secret: string, ...more: string[]): string {
  const pattern = boundedPattern(secret.replace(/^\(\?i\)/, '').replaceAll(END, ANY_END))
  const words = [quoted(rule.keywords.join(' ')), quoted(isAnyCase(rule) ? 'i' : ''), String(rule.entropy)]
  return `  [${[...words, quoted(pattern), ...more.map(quoted)].join(', ')}],\n`
}

/** The whole rule: within it, what minds the case does so no more. */
function isAnyCase({ regex }: Rule): boolean {
  return regex.startsWith('(?i)')
}

function quoted(text: string): string {
  return text.includes("'") || text.includes('\\') ? JSON.stringify(text) : `'${text}'`
}
