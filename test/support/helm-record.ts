import { gzipSync } from 'node:zlib'
import type { RecordObject } from '../../src/cluster/helm/release-record.js'

/** A release as Helm writes it, null where Go has nothing. */
export function release(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'echo',
    namespace: 'echo',
    version: 1,
    info: {
      status: 'deployed',
      description: 'Install complete',
      last_deployed: '2026-05-01T10:00:00.123456789+02:00',
    },
    chart: {
      metadata: { apiVersion: 'v2', name: 'gloo-app', version: '0.1.0' },
      templates: [{ name: 'templates/a.yaml', data: Buffer.from('a: 1\n').toString('base64') }],
      files: null,
      values: null,
      schema: null,
    },
    config: { deployment: { v1: {} } },
    manifest: '---\nkind: Service\n',
    ...overrides,
  }
}

/** The Secret (or ConfigMap) Helm keeps a release in. */
export function record(
  kind: 'Secret' | 'ConfigMap',
  content: Record<string, unknown>,
  overrides: { data?: string } = {},
): RecordObject {
  const { name, namespace, version, info } = content as {
    name: string
    namespace: string
    version: number
    info: { status: string }
  }
  const zipped = gzipSync(JSON.stringify(content)).toString('base64')
  const data = overrides.data ?? (kind === 'Secret' ? Buffer.from(zipped).toString('base64') : zipped)
  return {
    apiVersion: 'v1',
    kind,
    metadata: {
      name: `sh.helm.release.v1.${name}.v${version}`,
      namespace,
      labels: { name, owner: 'helm', status: info.status, version: String(version) },
      creationTimestamp: '2026-05-01T08:00:00Z',
    },
    data: { release: data },
  }
}
