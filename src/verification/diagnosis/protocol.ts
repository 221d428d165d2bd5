import { commented } from '../../model/command-line.js'
import type { Cause } from '../../model/results/diagnosis.js'
import { MAX_HEADER_KIB } from '../judging/limits.js'
import { countOf, type Facts, type Rule, samplesOf, statusCount, verifyCommand } from './facts.js'

/** Protocol mismatches between probes, gateway and app. */
export const PROTOCOL: Rule[] = [clientCertificate, http2Only, http2App, grpc, largeHeaders, endlessBody, tls]

function clientCertificate(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'client-certificate', 'certificate-required')
  if (count === 0) return undefined
  return {
    id: 'client-certificate',
    title: 'the server requires a client certificate or rejected the one sent',
    evidence: [`${count} probes were rejected`, ...firstError(facts)],
    remedy: [
      commented(
        verifyCommand(facts, '--cert-file', 'client.pem', '--key-file', 'client.key'),
        'or CANARY_CERT_FILE, CANARY_KEY_FILE',
      ),
      'a certificate that was sent and refused: is it of the CA that the server trusts, and not expired?',
    ],
    certainty: 'certain',
  }
}

function http2Only(facts: Facts): Cause | undefined {
  const count =
    countOf(facts, 'http2-only') + statusCount(facts, (status) => status === 464 || status === 505)
  if (count === 0) return undefined
  return {
    id: 'http2-only',
    title: 'the listener speaks HTTP/2 only, probes are HTTP/1.1',
    evidence: [`${count} probes were answered in HTTP/2, or refused for their version`, ...firstError(facts)],
    remedy: [
      "probe a listener that takes HTTP/1.1, such as the gateway's own: --proxy-url",
      'is that the port of the gateway, and not of the app behind it (gRPC)?',
    ],
    certainty: 'certain',
  }
}

function http2App(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'http2-app')
  if (count === 0) return undefined
  return {
    id: 'http2-app',
    title: "the app speaks HTTP/2 only (gRPC?), and the gateway's requests to it are HTTP/1.1",
    evidence: [`${count} answers are the proxy's: reset reason: protocol error`],
    remedy: [facts.texts.http2Backend(facts.namespace)],
    certainty: 'likely',
  }
}

function grpc(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'grpc')
  if (count === 0) return undefined
  return {
    id: 'grpc',
    title: 'the app is a gRPC server: it has no method for a plain HTTP request',
    evidence: [`${count} answers are application/grpc`, ...firstError(facts)],
    remedy: [
      'probe a path that the app serves over HTTP, such as its health check: verify.paths in the values',
    ],
    certainty: 'certain',
  }
}

function largeHeaders(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'headers-too-large')
  if (count === 0) return undefined
  return {
    id: 'headers-too-large',
    title: `answers have more than ${MAX_HEADER_KIB} KiB of headers, the most that canary reads`,
    evidence: [`${count} answers`, ...firstError(facts)],
    remedy: ['find what sets them, often cookies; proxies pass on 60 KiB by default'],
    certainty: 'certain',
  }
}

function endlessBody(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'endless-body')
  if (count === 0) return undefined
  return {
    id: 'endless-body',
    title: 'answers start and never end: an event stream, a long poll, or a hanging app',
    evidence: [`${count} answers had headers but an endless body`, ...firstError(facts)],
    remedy: [
      'probe a path whose answers end: verify.paths in the values',
      'a stream sent as text/event-stream is read up to its first event: name the version in a header (verify.version.header)',
    ],
    certainty: 'certain',
  }
}

function tls(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'tls', 'not-http')
  if (count === 0) return undefined
  return {
    id: 'tls',
    title: 'the TLS handshake fails, or the listener speaks another protocol',
    evidence: [`${count} probes got no answer`, ...firstError(facts)],
    remedy: [
      'is it the right port, and http or https as it should be (--proxy-url)?',
      'a CA of your own is given with --ca-file; the name in the certificate with --host',
    ],
    certainty: 'likely',
  }
}

/** The error of the first probe without a good answer. */
function firstError(facts: Facts): string[] {
  const { error } = samplesOf(facts).find((sample) => sample.error !== undefined) ?? {}
  return error === undefined ? [] : [error]
}
