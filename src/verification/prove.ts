import { validateHeaderName, validateHeaderValue } from 'node:http'
import { UsageError } from '../model/errors.js'
import type { ProofRequest, Verifier } from './verifier.js'

/** The verifier that probes over HTTP. */
export function createVerifier(): Verifier {
  return {
    async prove(request, reporter, signal) {
      checkTarget(request)
      const { ProofRun } = await import('./proof-run.js')
      signal?.throwIfAborted()
      return new ProofRun(request, reporter).run(signal)
    },
  }
}

/** @throws UsageError where no probe could even be sent */
function checkTarget({ origin, headers, expectations }: ProofRequest): void {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`The proxy's address "${origin}" is not an http or https URL.`, {
      nextSteps: ['Give it like --proxy-url http://localhost:8080.'],
    })
  }
  if (url.pathname !== '/' || url.search !== '') {
    throw new UsageError(`The proxy's address "${origin}" must be without a path: the app's path is added.`, {
      nextSteps: [`Give it as --proxy-url ${url.origin}.`],
    })
  }
  for (const [name, value] of [headers, ...expectations.map((entry) => entry.headers)].flatMap((entry) =>
    Object.entries(entry),
  )) {
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch (error) {
      // The value may be a secret.
      throw new UsageError(`The probe header "${name}" can't be sent: ${(error as Error).message}.`, {
        cause: error,
      })
    }
  }
}
