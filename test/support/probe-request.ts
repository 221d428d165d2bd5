import { ENVOY_ANSWERS } from '../../src/routing/envoy/answers.js'
import type { VerificationRequest, Transport } from '../../src/verification/probing/verifier.js'

/** The transport to one origin and nothing special. */
export function transportTo(origin: string, rest: Partial<Transport> = {}): Transport {
  return { proxies: [{ name: '', origin }], resolve: {}, tls: {}, ...rest }
}

/** A proof of echo at one origin, as fast as it goes; what a test is about goes into `rest`. */
export function proofRequest(
  origin: string,
  rest: Partial<VerificationRequest> & Pick<VerificationRequest, 'expectations'>,
): VerificationRequest {
  return {
    app: 'echo',
    transport: transportTo(origin),
    probe: { method: 'GET', headers: {} },
    assertions: { status: [[200, 399]], headers: {} },
    proxy: ENVOY_ANSWERS,
    versionHeader: 'x-canary-version',
    versionHeaderIsProof: false,
    alpha: 0.01,
    settling: false,
    rate: 0,
    timeoutMs: 20_000,
    userAgent: 'canary/test',
    ...rest,
  }
}
