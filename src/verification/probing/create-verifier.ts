import { UsageError } from '../../model/errors.js'
import { headerProblem, type HeaderUse } from '../../lib/http/headers.js'
import type { ProbeTemplate } from '../../model/verify/verify-settings.js'
import { compileClassify } from '../answers/classify.js'
import { checkTolerance } from '../judging/share-test.js'
import type { VerificationRequest, Transport, Verifier } from './verifier.js'

/** The verifier that probes over HTTP. */
export function createVerifier(): Verifier {
  const check = (request: VerificationRequest) => {
    const { transport, probe, expectations, tolerance } = request
    const canaryHeaders = expectations.map(({ headers }) => headers)
    checkTarget(transport, probe, canaryHeaders)
    for (const { share } of expectations) checkTolerance(share, tolerance)
    compileClassify(request)
  }
  return {
    check,
    async verify(request, reporter, signal) {
      check(request)
      const { VerificationRun: VerificationRun } = await import('./verification-run.js')
      signal?.throwIfAborted()
      return new VerificationRun(request, reporter).run(signal)
    },
    async analyze(request, reporter, signal) {
      checkTarget(request.transport, request.probe, [request.headers])
      compileClassify(request)
      const { analyze: compareHealth } = await import('../analysis/analyze.js')
      signal?.throwIfAborted()
      return compareHealth(request, reporter, signal)
    },
    async metrics(request, signal) {
      const { evaluateMetrics } = await import('../analysis/prometheus.js')
      return evaluateMetrics(request, signal)
    },
    async explain(request, signal) {
      const canaryHeaders = request.expectations.map(({ headers }) => headers)
      checkTarget(request.transport, request.probe, canaryHeaders)
      const { explainAnswers } = await import('../judging/explain.js')
      signal?.throwIfAborted()
      return explainAnswers(request, signal)
    },
  }
}

/** A valid Host header and server name: visible characters except those that end the host in a URL. */
const HOST = /^(?!.*[/?#@\\"<>])[!-~]+$/

/** @throws UsageError if no probe could be sent */
function checkTarget(
  transport: Transport,
  probe: ProbeTemplate,
  canaryHeaders: Record<string, string>[],
): void {
  for (const { origin } of transport.proxies) checkOrigin(origin)
  checkTls(transport.tls)
  checkProbeHeaders(probe, canaryHeaders)
  checkHost(transport.host)
  checkHeaders(probe.headers, 'probe')
  for (const headers of canaryHeaders) checkHeaders(headers, 'canary')
}

/** Loads the certificates as TLS would: also finds a key that does not fit its certificate. */
function checkTls(tls: Transport['tls']): void {
  if (Object.keys(tls).length === 0) return
  try {
    process.getBuiltinModule('node:tls').createSecureContext(tls)
  } catch (error) {
    throw new UsageError(`The certificates for https are invalid: ${(error as Error).message}.`, {
      nextSteps: [
        'look at the files of --ca-file, --cert-file and --key-file: PEM, the key without a passphrase',
      ],
      cause: error,
    })
  }
}

/** A canary header on every probe would turn regular requests into canary requests. */
function checkProbeHeaders({ headers }: ProbeTemplate, canaryHeaders: Record<string, string>[]): void {
  const marking = new Set(
    canaryHeaders.flatMap((entry) => Object.keys(entry)).map((name) => name.toLowerCase()),
  )
  const given = Object.keys(headers).find((name) => marking.has(name.toLowerCase()))
  if (given === undefined) return
  throw new UsageError(`The probe header "${given}" is a canary header: no probe would be regular.`, {
    nextSteps: ['omit it: canary probes send it anyway'],
  })
}

function checkOrigin(origin: string): void {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`The proxy's address "${origin}" is not an http or https URL.`, {
      nextSteps: ['Give it like --proxy-url http://localhost:8080.'],
    })
  }
  if (url.pathname !== '/' || url.search !== '') {
    throw new UsageError(`The proxy's address "${origin}" must not have a path: the app's path is added.`, {
      nextSteps: [`Give it as --proxy-url ${url.origin}.`],
    })
  }
}

function checkHost(host: string | undefined): void {
  if (host === undefined || HOST.test(host)) return
  throw new UsageError(`The Host "${host}" is not a host name, with or without a port.`, {
    nextSteps: ['Give it like --host app.example.com.'],
  })
}

function checkHeaders(headers: Record<string, string>, use: HeaderUse): void {
  const problem = headerProblem(Object.entries(headers), use)
  if (!problem) return
  throw new UsageError(`The ${use} header ${JSON.stringify(problem.name)} ${problem.what}.`, {
    nextSteps: [problem.remedy],
  })
}
