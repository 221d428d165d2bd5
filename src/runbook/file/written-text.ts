import type { Path } from './problems.js'

/**
 * A copy of a runbook's values in which variables and the values of headers are the text that was written: `1.10`, which YAML reads
 * as 1.1. `textAt` gives it for the place of a number, true or false.
 */
export function withWrittenText(
  value: unknown,
  textAt: (path: Path) => string | undefined,
  path: Path = [],
): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return isText(path) ? (textAt(path) ?? String(value)) : value
  }
  if (Array.isArray(value)) return value.map((item, index) => withWrittenText(item, textAt, [...path, index]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withWrittenText(item, textAt, [...path, key])]),
  )
}

/** `vars.to.default`, `steps[1].when.var.to`, `apps.echo.probeHeader.x-tenant`. */
function isText(path: Path): boolean {
  const [section, name, third, fourth] = path
  switch (section) {
    case 'vars':
      return path.length === 3 && third === 'default'
    case 'steps':
      return path.length === 5 && third === 'when' && fourth === 'var'
    case 'defaults':
      return path.length === 3 && isHeaders(name)
    case 'apps':
    case 'clusters':
      return path.length === 4 && isHeaders(third)
    default:
      return false
  }
}

function isHeaders(key: string | number | undefined): boolean {
  return key === 'header' || key === 'probeHeader'
}
