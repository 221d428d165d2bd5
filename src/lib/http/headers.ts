/** Characters of a header's name: a token of RFC 9110. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Visible ASCII with blanks inside: every hop reads other octets (obs-text) differently. */
const VALUE = /^(?:[!-~](?:[ -~]*[!-~])?)?$/

/** Hop-by-hop headers: each hop sets its own. */
const OF_CONNECTIONS = new Set(
  'connection keep-alive proxy-connection te trailer transfer-encoding content-length upgrade expect'.split(
    ' ',
  ),
)

/** Whether a text can be the name of a header. */
export function isHeaderName(text: string): boolean {
  return TOKEN.test(text)
}

/**
 * Purpose of headers: `canary` headers select canary requests, `match` headers are required of every request to the app,
 * `probe` headers are sent with every probe.
 */
export type HeaderUse = 'canary' | 'match' | 'probe'

/** Why a header is invalid: clauses, without its value, which may be a secret. */
export interface HeaderProblem {
  name: string
  /** `is given twice`. */
  what: string
  remedy: string
}

/**
 * The first header that HTTP would not carry unchanged, or that probes cannot send for this purpose; undefined if there is
 * none. Names are compared case-insensitively, as HTTP does.
 */
export function headerProblem(
  headers: Iterable<readonly [name: string, value: string]>,
  use: HeaderUse,
): HeaderProblem | undefined {
  const seen = new Map<string, string>()
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    const twin = seen.get(key)
    const problem =
      twin === undefined
        ? (nameProblem(name, use) ?? valueProblem(value, use))
        : {
            what: twin === name ? 'is given twice' : `is given twice, as ${twin} too: case does not count`,
            remedy: 'give it once',
          }
    if (problem) return { name, ...problem }
    seen.set(key, name)
  }
  return undefined
}

const ADDRESS_REMEDY: Record<HeaderUse, string> = {
  canary: 'choose another header',
  match: 'name hosts in the domains that the app is served for, and methods in methods of the match',
  probe: 'give the host with --host',
}

function nameProblem(name: string, use: HeaderUse): Omit<HeaderProblem, 'name'> | undefined {
  const key = name.toLowerCase()
  if (name.startsWith(':') || key === 'host') {
    return {
      what: 'is part of the address of a request',
      remedy: ADDRESS_REMEDY[use],
    }
  }
  if (!isHeaderName(name)) return { what: 'is no name of a header', remedy: 'use letters, digits and dashes' }
  if (OF_CONNECTIONS.has(key)) {
    return {
      what: 'is about one connection, and set anew by each hop',
      remedy: use === 'probe' ? 'leave it out' : 'choose another header',
    }
  }
  if (key === 'user-agent' && use !== 'match') {
    return {
      what: 'is set by probes themselves, to canary/VERSION',
      remedy: use === 'probe' ? 'leave it out' : 'choose another header',
    }
  }
  return undefined
}

function valueProblem(value: string, use: HeaderUse): Omit<HeaderProblem, 'name'> | undefined {
  if (value === '' && use === 'canary') {
    return { what: 'has no value, which any value would match', remedy: 'give it a value' }
  }
  if (VALUE.test(value)) return undefined
  if (value.trim() !== value) {
    return { what: 'has a value with blanks at its ends', remedy: 'leave them out: HTTP drops them' }
  }
  return {
    what: 'has a value with characters that are not printable ASCII',
    remedy: 'write it in ASCII, for example percent-encoded: Z%C3%BCrich',
  }
}
