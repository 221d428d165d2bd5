import { commented, kubectlCommand } from '../../model/command-line.js'
import { shellWord } from '../../lib/shell-word.js'
import type { Cause } from '../../model/results/diagnosis.js'
import type { CheckResult } from '../../model/verify/expectation.js'
import { isCached } from '../answers/cached.js'
import { totalOf } from '../answers/error-counts.js'
import {
  countOf,
  type Facts,
  failing,
  ofAll,
  readyOf,
  type Rule,
  samplesOf,
  statusCount,
  verifyCommand,
} from './facts.js'

/** Causes in front of the proxies, by the answers. */
export const IN_FRONT: Rule[] = [
  redirect,
  refusedAccess,
  rateLimit,
  cache,
  retries,
  strippedHeader,
  notFromThisApp,
]

function redirect(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'redirect')
  if (count === 0) return undefined
  const sample = samplesOf(facts).find(({ headers }) => headers?.location !== undefined)
  const location = sample?.headers?.location
  const origin = location !== undefined && URL.canParse(location) ? new URL(location).origin : undefined
  return {
    id: 'redirect',
    title: location ? `requests are redirected to ${location}` : 'requests are redirected',
    evidence: [`${count} answers are ${sample?.status ?? '3xx'}`],
    remedy: [
      origin
        ? commented(verifyCommand(facts, '--proxy-url', origin), 'probe its target')
        : 'probe its target with --proxy-url',
    ],
    certainty: 'certain',
  }
}

function refusedAccess(facts: Facts): Cause | undefined {
  const count = statusCount(facts, (status) => status === 401 || status === 403)
  if (count === 0) return undefined
  const sample = samplesOf(facts).find(({ status }) => status === 401 || status === 403)
  const isApp = sample !== undefined && facts.answers.isFromPod(sample.headers ?? {})
  const asks = sample?.headers?.['www-authenticate']
  return {
    id: 'access-refused',
    title: `${isApp ? 'the app' : 'something in front of the app'} asks for authentication${sample ? ` (${sample.status})` : ''}`,
    evidence: [
      `${count} answers are 401 or 403`,
      ...(asks ? [`www-authenticate: ${asks}`] : []),
      ...(sample && !isApp ? ['no app behind the proxy gave these answers'] : []),
    ],
    remedy: [
      'set the credentials: verify.request.headers in the values, e.g. authorization: env:TOKEN, or --probe-header',
    ],
    certainty: 'certain',
  }
}

function rateLimit(facts: Facts): Cause | undefined {
  const count = statusCount(facts, (status) => status === 429)
  if (count === 0) return undefined
  const after = samplesOf(facts).find(({ headers }) => headers?.['retry-after'])?.headers?.['retry-after']
  return {
    id: 'rate-limit',
    title: 'a rate limit refuses the probes',
    evidence: [`${count} answers are 429`, ...(after ? [`retry-after: ${after}`] : [])],
    remedy: [commented(verifyCommand(facts, '--probe-rate', '5'), 'or exempt the User-Agent canary/*')],
    certainty: 'certain',
  }
}

function cache(facts: Facts): Cause | undefined {
  const counted = failing(facts).reduce((sum, { cached = 0 }) => sum + cached, 0)
  const sample = samplesOf(facts).find(({ headers = {} }) => isCached(headers))
  if (counted === 0 && !sample) return undefined
  const headers = ['age', 'x-cache', 'cf-cache-status'].flatMap((name) => {
    const value = sample?.headers?.[name]
    return value === undefined ? [] : [`${name}: ${value}`]
  })
  return {
    id: 'cache',
    title: 'a cache in front of the gateway serves the answers',
    evidence: [...(counted > 0 ? [`${counted} answers say so`] : []), ...headers],
    remedy: [
      "probe behind the cache: --proxy-url with the gateway's own address",
      'or make the cache bypass requests with the canary headers, or vary by them',
    ],
    // If most answers come from a cache, they show nothing about the routes.
    certainty: counted * 2 > failing(facts).reduce((sum, { sent }) => sum + sent, 0) ? 'certain' : 'likely',
  }
}

function retries(facts: Facts): Cause | undefined {
  const counted = failing(facts).reduce((sum, { retried = 0 }) => sum + retried, 0)
  const { attemptsHeader } = facts.answers
  const sample = samplesOf(facts).find(({ headers = {} }) => facts.answers.attempts(headers) > 1)
  if (counted === 0 && !sample) return undefined
  const attempts = sample?.headers?.[attemptsHeader]
  return {
    id: 'retries',
    title: 'the proxy retries failed requests: this hides errors of the app from users and from the counts',
    evidence: [
      ...(counted > 0 ? [`${counted} answers came only after a retry`] : []),
      ...(attempts ? [`${attemptsHeader}: ${attempts}`] : []),
      ...(facts.snapshot?.proxies ?? []).flatMap(({ pod, admin }) =>
        admin && admin.meanwhile.retries > 0
          ? [`proxy ${pod} repeats requests of the app: ${admin.meanwhile.retries} during the diagnosis`]
          : [],
      ),
    ],
    remedy: [
      commented(
        kubectlCommand(['logs', '-l', `app=${facts.name}`, '--tail', '50'], facts.namespace),
        'which version fails, and why?',
      ),
      `${facts.texts.allRoutes} | grep -n -A4 retries:`,
    ],
    certainty: 'likely',
  }
}

/** Canary requests are answered like regular ones although the canary has ready pods. */
function strippedHeader(facts: Facts): Cause | undefined {
  const check = failing(facts).find(({ expectation }) => expectation.kind === 'canary')
  if (!check || totalOf(check.errors) > 0) return undefined
  const { canary, primary, headers, share } = check.expectation
  const primaries = check.byVersion[primary] ?? 0
  if (canary === undefined || share !== 1 || primaries === 0) return undefined
  if (facts.snapshot && readyOf(facts.snapshot, canary) === 0) return undefined
  const others = (facts.proof?.checks ?? []).filter(({ expectation }) => expectation.kind === 'regular')
  const names = Object.keys(headers)
  return {
    id: 'header-stripped',
    title: `the canary ${names.length === 1 ? `header ${names[0]} does` : `headers ${names.join(', ')} do`} not reach the proxy's routes`,
    evidence: [
      `${ofAll(primaries, check.sent)} requests with ${names.join(', ')} were answered by ${primary}`,
      ...(others.some(isPassed) ? ['requests without it are answered correctly'] : []),
    ],
    remedy: [
      'look for what removes or renames request headers on the way: a CDN, a load balancer, a header filter of the gateway',
      `curl -sS -D- -H ${shellWord(`${names[0]}: ${headers[names[0] ?? ''] ?? ''}`)} ${shellWord(`${facts.proof?.url ?? ''}${check.expectation.paths[0]}`)}    (from inside the cluster, too)`,
    ],
    certainty: 'likely',
  }
}

function isPassed({ verdict }: CheckResult): boolean {
  return verdict === 'pass'
}

function notFromThisApp(facts: Facts): Cause | undefined {
  const { proof } = facts
  const unnamed = failing(facts).reduce((sum, { unidentified }) => sum + unidentified, 0)
  const missing = countOf(facts, 'no-routes-header')
  const strangers = failing(facts).flatMap((check) =>
    Object.keys(check.byVersion).filter((version) => !isExpected(check, version)),
  )
  // With a fingerprint, an answer without it came through other routes; without one, an unnamed answer may have.
  const guessed = proof?.convergence === 'epochs' ? unnamed : 0
  if (missing + guessed + strangers.length === 0) return undefined
  const sample = samplesOf(facts).find(({ error, version }) => error !== undefined || version === undefined)
  const body = sample?.body?.replace(/\s+/g, ' ').trim().slice(0, 80)
  const server = sample?.headers?.server
  return {
    id: 'foreign-answers',
    title: 'something other than this app answers',
    evidence: [
      ...(missing > 0 ? [`${missing} answers carry no header of the app's routes`] : []),
      ...(guessed > 0 ? [`${guessed} answers name no version`] : []),
      ...(strangers.length > 0
        ? [`answers name ${[...new Set(strangers)].join(', ')}, which are not part of this stage`]
        : []),
      ...(server ? [`server: ${server}`] : []),
      ...(body ? [`one of them: ${body}`] : []),
    ],
    remedy: [
      commented(verifyCommand(facts, '--explain'), 'raw answers: who sent them?'),
      'is something in front, a maintenance page, a CDN, another gateway, or another app at this address (--host, --proxy-url)?',
    ],
    certainty: missing > 0 ? 'likely' : 'possible',
  }
}

function isExpected({ expectation: { primary, canary } }: CheckResult, version: string): boolean {
  return version === primary || version === canary
}
