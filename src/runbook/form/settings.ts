import * as v from 'valibot'
import { closedMap, described, duration, mapOf, scalar, text, texts } from './parts.js'

const LIST = 'a text or a list of texts'
const HEADERS = 'a map, a list of texts, or a text'
const list = v.pipe(v.union([texts, text], LIST), v.title(LIST))
const headerList = v.pipe(v.union([mapOf(text, scalar), texts, text], HEADERS), v.title(HEADERS))
const numberOrText = v.union([v.number(), text], 'a number or text')

/** Settings of a cluster. */
export const clusterSettings = {
  namespace: v.optional(
    described('Namespace of the release; default: where the only release of the app is', text),
  ),
  proxyUrl: v.optional(described('Origin of the proxy that probes are sent to', text)),
  host: v.optional(described('Host header (and SNI) of the probes', text)),
  header: v.optional(described('Canary headers of `start`; default stage=canary', headerList)),
  probeHeader: v.optional(described('Headers of every probe; env:VAR takes the value from VAR', headerList)),
  probeRate: v.optional(described('Probes per second of each kind; 0: as fast as possible', numberOrText)),
  verifyTimeout: v.optional(described('Limit of each verification', duration)),
  tolerance: v.optional(
    described('How far a share may be from its weight, in percentage points', numberOrText),
  ),
  setVerify: v.optional(described('Keys of verify: in the values, like expect.status=200-299', list)),
  resolve: v.optional(described("Addresses of the proxy's host, host:port:address", list)),
  caFile: v.optional(described('Certificates (PEM) to trust for https', text)),
  certFile: v.optional(described('Client certificate (PEM) of the probes', text)),
  keyFile: v.optional(described('Key (PEM) of the client certificate', text)),
  httpProxy: v.optional(described('HTTP proxy of the probes', text)),
  duration: v.optional(described('Length of an analysis', duration)),
  timeout: v.optional(described('Limit for pods to become ready, or to go', duration)),
  waitForLock: v.optional(described('How long to wait for another operator of the app', duration)),
  scale: v.optional(
    described(
      'What to do if the canary has too few pods for its share',
      v.picklist(['check', 'auto', 'off']),
    ),
  ),
}

/** Settings of an app, or of all. */
export const settings = described(
  "As in canary.yaml; an app's override its cluster's, those override defaults",
  v.nullable(
    closedMap({
      ...clusterSettings,
      allowEnv: v.optional(
        described("Environment variables that the app's values may read (env:NAME)", list),
      ),
      allowRequest: v.optional(
        described(
          "What the app's values may request beyond GET and HEAD of its own paths: methods, paths, hosts",
          list,
        ),
      ),
    }),
  ),
)

export type WrittenSettings = v.InferOutput<typeof settings>
