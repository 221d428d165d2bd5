import type { Permission } from '../../cluster/permissions.js'

/** What probing each of several proxies by itself needs, in their namespace. */
export function eachProxyPermissions(scope: Permission['scope'], why: string): Permission[] {
  return [
    { resource: 'pods', verbs: ['get', 'list'] },
    { resource: 'pods/portforward', verbs: ['create'] },
  ].map((what): Permission => ({ group: '', ...what, scope, why, optional: true }))
}
