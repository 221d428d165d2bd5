import { mapLeaves, type TreePath } from '../../lib/tree.js'

/**
 * A copy of a runbook's values in which variables and the values of headers are the text that was written: `1.10`, which YAML reads
 * as 1.1. `textAt` gives it for the place of a number, true or false.
 */
export function withWrittenText(values: unknown, textAt: (path: TreePath) => string | undefined): unknown {
  return mapLeaves(values, (leaf, path) =>
    (typeof leaf === 'number' || typeof leaf === 'boolean') && isText(path)
      ? (textAt(path) ?? String(leaf))
      : leaf,
  )
}

/** `vars.to.default`, `steps[1].when.var.to`, `apps.echo.probeHeader.x-tenant`. */
function isText(path: TreePath): boolean {
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
