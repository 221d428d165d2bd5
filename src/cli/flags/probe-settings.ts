import { UsageError } from '../../model/errors.js'
import type { Allowance } from '../../model/verify/verify-settings.js'
import { PROBE_METHODS } from '../../rollout/values/verify-values.js'
import { readTextFile, whyUnreadable } from '../../lib/text-file.js'

/** A setting as it was given, and where: a flag, a line of canary.yaml. */
export interface Given {
  value: string | string[]
  source: string
  /** Of a canary.yaml that nobody named. */
  isUnnamed?: true
}

/** Certificates are a few kilobytes, bundles of them a few hundred. */
const MAX_PEM_BYTES = 1024 * 1024

/** Probes per second, from 0 on. */
export function parseRate(given: Given | undefined): number {
  const text = String(given?.value ?? '250')
  const rate = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && rate <= MOST_PROBES) return rate
  throw wrongSetting(
    given!,
    `"${text}" is not a rate`,
    `give probes per second as a number up to ${MOST_PROBES}, 0 for as fast as it goes`,
  )
}
const MOST_PROBES = 100_000

/** Points of a hundred → 0..1. */
export function parseTolerance(given: Given | undefined): number | undefined {
  if (!given) return undefined
  const text = String(given.value)
  const points = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && points >= 0.1 && points <= 50) return points / 100
  throw wrongSetting(
    given,
    `"${text}" is not a tolerance`,
    'give percentage points, from 0.1 to 50, like 2.5',
  )
}

/** `host:port:address` entries as curl's --resolve has them → address by `host:port`. */
export function parseResolve(given: Given | undefined): Record<string, string> {
  const resolved: Record<string, string> = {}
  for (const text of textsOf(given)) {
    const [, host, port, address] = /^\+?([^:\s]+):(\d{1,5}):\[?([0-9a-fA-F.:]+)\]?$/.exec(text) ?? []
    if (host === undefined || Number(port) > 65_535) {
      throw wrongSetting(
        given!,
        `"${text}" is not host:port:address`,
        'write it like app.example.com:443:10.0.0.7',
      )
    }
    resolved[`${host.toLowerCase()}:${port}`] = address!
  }
  return resolved
}

/** What values may ask for, of `--allow-env` and `--allow-request`. Throws UsageError for what is neither. */
export function parseAllowance({ env, request }: { env?: Given; request?: Given }): Allowance {
  const allowance: Allowance = { env: wordsOf(env), methods: [], paths: [], hosts: [] }
  const odd = allowance.env.find((name) => !/^[A-Za-z_]\w*$/.test(name))
  if (odd !== undefined)
    throw wrongSetting(env!, `"${odd}" is not the name of a variable`, 'give the name alone, like API_TOKEN')
  for (const text of wordsOf(request)) {
    if (PROBE_METHODS.includes(text.toUpperCase())) allowance.methods.push(text.toUpperCase())
    else if (text.startsWith('/')) allowance.paths.push(text)
    else allowance.hosts.push(hostIn(text) ?? wrongRequest(request!, text))
  }
  return allowance
}

/** Of `http://prometheus:9090` or `prometheus:9090`. */
function hostIn(text: string): string | undefined {
  if (/^[A-Z]+$/.test(text)) return undefined // a method that probes don't have
  const url = text.includes('://') ? text : `http://${text}`
  if (!URL.canParse(url)) return undefined
  const { host, pathname, search, hash, username, password, protocol } = new URL(url)
  const isOrigin = pathname === '/' && !search && !hash && !username && !password
  return isOrigin && /^https?:$/.test(protocol) ? host : undefined
}

function wrongRequest(given: Given, text: string): never {
  throw wrongSetting(
    given,
    `"${text}" is neither a method nor a path nor a host`,
    'give one like POST, /orders or http://prometheus:9090',
  )
}

/** Words with blanks, commas or line breaks between them, which is how a variable of the environment holds several. */
function wordsOf(given: Given | undefined): string[] {
  return textsOf(given).flatMap((text) => text.split(/[\s,]+/).filter(Boolean))
}

/** Texts of one setting; a variable of the environment holds one a line. */
export function textsOf(given: Given | undefined): string[] {
  if (!given) return []
  return Array.isArray(given.value) ? given.value : given.value.split('\n').filter(Boolean)
}

/** The PEM files of the probes' TLS, read. */
export async function readTls(files: {
  ca?: Given
  cert?: Given
  key?: Given
}): Promise<{ ca?: string; cert?: string; key?: string }> {
  const { ca, cert, key } = files
  const alone = cert && !key ? cert : key && !cert ? key : undefined
  if (alone)
    throw wrongSetting(alone, 'the certificate and its key go together', 'give --cert-file and --key-file')
  const read = async (given: Given | undefined) => given && readPem(given)
  const [caText, certText, keyText] = await Promise.all([read(ca), read(cert), read(key)])
  return {
    ...(caText === undefined ? {} : { ca: caText }),
    ...(certText === undefined ? {} : { cert: certText }),
    ...(keyText === undefined ? {} : { key: keyText }),
  }
}

async function readPem(given: Given): Promise<string> {
  const file = String(given.value)
  try {
    const text = await readTextFile(file, MAX_PEM_BYTES)
    if (text.includes('-----BEGIN ')) return text
    throw wrongSetting(given, `${file} holds no PEM text`, 'give a file that begins with -----BEGIN …')
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw wrongSetting(given, `${file} ${whyUnreadable(error).why}`, 'give the path of a PEM file')
  }
}

/** `http://[user:password@]host:port`. */
export function parseHttpProxy(given: Given | undefined): string | undefined {
  if (!given) return undefined
  const text = String(given.value)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search) return text
  throw wrongSetting(given, 'is not the URL of an HTTP proxy', 'give it like http://proxy.example.com:3128')
}

export function wrongSetting({ source }: Given, what: string, remedy: string): UsageError {
  return new UsageError(`${source}: ${what}.`, { state: 'Nothing was changed.', nextSteps: [remedy] })
}
