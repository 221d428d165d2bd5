import { record, text } from '../../fields.js'
import type { GlooObject } from './gloo-object.js'

/** The Secret with a certificate. */
export interface TlsSecret {
  name: string
  namespace: string
}

/** The Secret of a VirtualService's certificate; undefined without TLS, or if it comes from SDS or files. */
export function tlsSecretOf({ metadata, spec }: GlooObject): TlsSecret | undefined {
  const ref = record(record(record(spec).sslConfig).secretRef)
  const name = text(ref.name)
  const namespace = text(ref.namespace) ?? metadata.namespace
  return name && namespace ? { name, namespace } : undefined
}
