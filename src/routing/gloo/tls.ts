import { record, text } from '../fields.js'
import type { GlooObject } from './objects.js'

/** The Secret that holds a certificate. */
export interface TlsSecret {
  name: string
  namespace: string
}

/** The Secret that a VirtualService takes its certificate from; undefined without TLS, or where SDS or files give it. */
export function tlsSecretOf({ metadata, spec }: GlooObject): TlsSecret | undefined {
  const ref = record(record(record(spec).sslConfig).secretRef)
  const name = text(ref.name)
  const namespace = text(ref.namespace) ?? metadata.namespace
  return name && namespace ? { name, namespace } : undefined
}
