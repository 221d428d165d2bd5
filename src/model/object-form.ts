/** Identity of a manifest's object, unchecked: a manifest may have anything there. */
export interface WrittenName {
  apiVersion: unknown
  kind: unknown
  name: unknown
  namespace?: unknown
}

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(?:\\.${LABEL})*`

/** The forms that Kubernetes requires of the parts of an object's URL. */
const FORMS = {
  apiVersion: new RegExp(`^(?:${SUBDOMAIN}/)?[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$`),
  kind: /^[A-Za-z][A-Za-z0-9]{0,62}$/,
  name: new RegExp(`^${SUBDOMAIN}$`),
  namespace: new RegExp(`^${LABEL}$`),
}
/** Names are at most this long, groups too. */
const LONGEST = 253
/** Characters of a value that an error shows. */
const LONGEST_SHOWN = 100

/** Which part of an object's identity violates the form that Kubernetes requires, a clause; undefined if none does. */
export function malformed(written: WrittenName): string | undefined {
  for (const field of ['apiVersion', 'kind', 'name', 'namespace'] as const) {
    const value = written[field]
    if (field === 'namespace' && value === undefined) continue
    if (value === undefined || value === null || value === '') return `it has no ${field}`
    if (typeof value === 'string' && value.length <= LONGEST && FORMS[field].test(value)) continue
    return `its ${field} is ${shown(value)}`
  }
  return undefined
}

/** A value as text for an error, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`
}
