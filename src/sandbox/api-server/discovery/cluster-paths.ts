import type { ResourceType } from '../objects.js'
import type { Answer } from '../registry/context.js'
import {
  AGGREGATED_DISCOVERY_TYPE,
  aggregatedDiscovery,
  apiGroup,
  coreVersions,
  groupList,
  resourceList,
} from './discovery.js'
import { openApiDocument, openApiIndex } from './openapi.js'

/** The Kubernetes version the sandbox plays: its answers were recorded from it. */
const VERSION = {
  major: '1',
  minor: '35',
  emulationMajor: '1',
  emulationMinor: '35',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '34',
  gitVersion: 'v1.35.4',
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'linux/amd64',
}

export interface ClusterAnswer extends Omit<Answer, 'body'> {
  body: object | string
  contentType?: string
}

/** Paths about the cluster instead of objects: version, health, discovery, OpenAPI; otherwise undefined. */
export function clusterPath(path: string, accept: string, types: ResourceType[]): ClusterAnswer | undefined {
  if (path === '/version') return found(VERSION)
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) {
    return { code: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' }
  }
  if (path === '/api' || path === '/apis')
    return discoveryRoot(path === '/api' ? 'api' : 'apis', accept, types)
  if (path === '/openapi/v3') return found(openApiIndex(types))
  const document = /^\/openapi\/v3\/(.+)$/.exec(path)?.[1]
  if (document !== undefined) return found(openApiDocument(document, types))
  const [, root, group = '', version, ...rest] = path.replace(/\/$/, '').split('/')
  if (root === 'api' && group !== '' && version === undefined) return found(resourceList('', group, types))
  if (root === 'apis' && rest.length === 0) {
    return found(version === undefined ? apiGroup(group, types) : resourceList(group, version, types))
  }
  return undefined
}

function discoveryRoot(root: 'api' | 'apis', accept: string, types: ResourceType[]): ClusterAnswer {
  if (accept.includes('as=APIGroupDiscoveryList') && accept.includes('v=v2;')) {
    return { code: 200, body: aggregatedDiscovery(root, types), contentType: AGGREGATED_DISCOVERY_TYPE }
  }
  return { code: 200, body: root === 'api' ? coreVersions() : groupList(types) }
}

function found(body: object | undefined): ClusterAnswer | undefined {
  return body && { code: 200, body }
}
