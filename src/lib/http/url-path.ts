/** Purpose of a path: `prefix` and `exact` of a match, without a query; `probe` may have a query. */
export type PathUse = 'prefix' | 'exact' | 'probe'

/** Why no client sends a path as written, a clause, and the form that works. */
export interface PathProblem {
  what: string
  remedy: string
}

/** Characters that clients send unchanged; they percent-encode all others. */
const PLAIN = /^[!$-;=@-Z[\]_a-z|~]*$/
const PLAIN_QUERY = /^[!$-;=?-~]*$/
/** `/./` and `/../`, which clients resolve; at the end of a prefix the segment may continue. */
const DOTS = /\/(?:\.|%2e){1,2}(?=\/)/i
const DOTS_AT_END = /\/(?:\.|%2e){1,2}$/i

/** Why no client sends this path; undefined if they send it unchanged. */
export function pathProblem(text: string, use: PathUse): PathProblem | undefined {
  if (!text.startsWith('/'))
    return { what: 'does not begin with "/"', remedy: `write it as ${encoded(`/${text}`)}` }
  const [, path = '', query] = /^([^?#]*)(?:\?([^#]*))?/.exec(text) ?? []
  if (text.includes('#')) {
    return {
      what: 'has a fragment, which clients keep to themselves',
      remedy: `leave it out: ${encoded(path)}; a "#" in a path is %23`,
    }
  }
  if (use !== 'probe' && query !== undefined) {
    return {
      what: 'has a query, which is no part of a path',
      remedy: `write ${use}: ${encoded(path)} and ${queryOf(query)} beside it; a "?" in a path is %3F`,
    }
  }
  if (!PLAIN.test(path) || !PLAIN_QUERY.test(query ?? '')) {
    return {
      what: 'has characters that clients send percent-encoded',
      remedy: `write it as ${encoded(path)}${query === undefined ? '' : `?${encoded(query)}`}`,
    }
  }
  if (/%(?![0-9a-f]{2})/i.test(path)) {
    return {
      what: 'has a "%" without two hex digits after it',
      remedy: `write "%" as %25: ${path.replace(/%(?![0-9a-f]{2})/gi, '%25')}`,
    }
  }
  if (DOTS.test(path) || (use !== 'prefix' && DOTS_AT_END.test(path))) {
    return {
      what: 'has "." or ".." as a segment, which clients resolve before they ask',
      remedy: `write it as ${new URL(path, 'http://host').pathname}`,
    }
  }
  return undefined
}

function encoded(text: string): string {
  // Percent-encoded parts stay; nobody can send half a character.
  return encodeURI(text.replace(/\p{Cs}/gu, '\ufffd'))
    .replace(/%25(?=[0-9a-f]{2})/gi, '%')
    .replace(/%5[BD]/g, decodeURI)
}

/** `query: {page: "1"}` */
function queryOf(query: string): string {
  const pairs = [...new URLSearchParams(query)].map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  return `query: {${pairs.join(', ')}}`
}
