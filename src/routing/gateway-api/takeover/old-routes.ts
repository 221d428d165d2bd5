import type { ObjectRef } from '../../../model/results/diagnosis.js'
import type { JsonObject } from '../../../model/values.js'
import { list, record, text } from '../../fields.js'
import type { OldRoutes } from '../../provider.js'
import { HTTP_ROUTE } from '../kinds.js'
import { matchersOf } from '../overlaps/matcher.js'
import { parentRefsOf } from '../values.js'

/** The HTTPRoutes among these that lead to a Service. */
export function routesTo(service: ObjectRef, objects: JsonObject[]): OldRoutes[] {
  return objects.flatMap((object): OldRoutes[] => {
    const { name: given, namespace: at } = record(object.metadata)
    const [name, namespace] = [text(given) ?? '', text(at) ?? '']
    if (object.kind !== HTTP_ROUTE.kind) return []
    const { parentRefs, rules } = record(object.spec)
    const own = list(rules).filter(({ backendRefs }) =>
      list(backendRefs).some(
        (ref) => ref.name === service.name && (text(ref.namespace) ?? namespace) === service.namespace,
      ),
    )
    if (own.length === 0) return []
    const prefixes = own
      .flatMap(matchersOf)
      .flatMap(({ path }) => (path.kind === 'prefix' ? [path.text] : []))
    const [parent] = parentRefsOf(list(parentRefs), namespace)
    return [
      {
        kind: HTTP_ROUTE.kind,
        name,
        namespace,
        prefixes: [...new Set(prefixes)],
        ...(parent ? { gateway: { name: parent.name, namespace: parent.namespace } } : {}),
        object,
      },
    ]
  })
}
