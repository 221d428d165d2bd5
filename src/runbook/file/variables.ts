import { matcher } from '../../verification/answers/pattern.js'
import { didYouMean } from '../../lib/closest.js'
import { mapLeaves, type TreePath } from '../../lib/tree.js'
import type { WrittenVariable } from '../form/runbook.js'
import type { Path } from './problems.js'

/**
 * Values of the variables: given ones override the environment's, those override defaults; a variable may end without a
 * value. Values from the environment may be secret: each goes to `hide` before it appears in any problem.
 */
export function variableValues(
  declared: Record<string, WrittenVariable | null>,
  given: Record<string, string>,
  env: Record<string, string | undefined>,
  report: (path: Path, message: string, isKey?: boolean) => void,
  hide: (name: string, value: string) => void,
): Record<string, string> {
  const values: Record<string, string> = {}
  for (const name of Object.keys(given).filter((name) => !Object.hasOwn(declared, name))) {
    report(['vars'], `does not declare "${name}", given by --var${didYouMean(name, Object.keys(declared))}`)
  }
  for (const [name, declaration] of Object.entries(declared)) {
    const path = ['vars', name]
    const { required, pattern, default: byDefault, env: from } = declaration ?? {}
    if (TARGET_NAMES.includes(name)) {
      report(path, `"${name}" is reserved for the ${name} of a step: choose another name`, true)
    }
    const typed = Object.hasOwn(given, name) ? given[name] : undefined
    const exported = typed !== undefined || from === undefined ? undefined : env[from]
    if (exported !== undefined) hide(name, exported)
    const value = typed ?? exported ?? byDefault
    if (value === undefined) {
      const how = `--var ${name}=…${from === undefined ? '' : ` or the environment variable ${from}`}`
      if (required) report(path, `is required but has no value: set ${how}`)
      continue
    }
    values[name] = value
    if (pattern === undefined) continue
    const shown = exported === undefined ? `"${value}"` : `the value of ${from}`
    const wrong = mismatch(value, pattern, shown)
    if (wrong) report(wrong.ofPattern ? [...path, 'pattern'] : path, wrong.message)
  }
  return values
}

function mismatch(
  value: string,
  pattern: string,
  shown: string,
): { ofPattern: boolean; message: string } | undefined {
  let expression: RegExp
  try {
    expression = new RegExp(pattern, 'u')
  } catch {
    return { ofPattern: true, message: `is not a valid regular expression: "${pattern}"` }
  }
  try {
    if (matcher(expression, 'pattern')(value)) return undefined
    return { ofPattern: false, message: `is ${shown}, which does not match ${pattern}` }
  } catch {
    return { ofPattern: true, message: `takes too long to match ${shown}: "${pattern}"` }
  }
}

/** Stand for what differs between the apps of a step; put in when the step runs. */
const TARGET_NAMES = ['app', 'cluster']

const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g

/**
 * A text with the values of `${name}` in it; `$${` stands for a literal `${`. `${app}` and `${cluster}` stay if `perTarget`
 * allows them. Reports unknown names and variables without a value.
 */
export function insertVariables(
  text: string,
  values: Record<string, string>,
  declared: string[],
  perTarget: boolean,
  report: (message: string) => void,
): string {
  return text.replace(REFERENCE, (whole, name: string | undefined) => {
    // `forTarget` replaces these later.
    if (name === undefined) return perTarget ? whole : '${'
    if (TARGET_NAMES.includes(name)) {
      if (!perTarget) report(`uses \${${name}}, which is only available in steps`)
      return whole
    }
    if (Object.hasOwn(values, name))
      return perTarget ? values[name]!.replaceAll('${', () => '$${') : values[name]!
    if (declared.includes(name)) report(`uses \${${name}}, which has no value: set --var ${name}=…`)
    else report(`uses the undeclared variable "${name}"${didYouMean(name, declared)}`)
    return ''
  })
}

/** The step with `${app}` and `${cluster}` put into its texts, except commands, which have them in their environment. */
export function forTarget<T>(value: T, target: { app: string; cluster?: string }): T {
  const change = (text: string) =>
    text.replace(REFERENCE, (whole, name: string | undefined) => {
      if (name === undefined) return '${'
      return name === 'app' ? target.app : name === 'cluster' ? (target.cluster ?? '') : whole
    })
  return mapTexts(value, (text, path) => (path.includes('command') ? text : change(text))) as T
}

/** A copy of a value with every text in it changed. */
export function mapTexts(value: unknown, change: (text: string, path: TreePath) => string): unknown {
  return mapLeaves(value, (leaf, path) => (typeof leaf === 'string' ? change(leaf, path) : leaf))
}
