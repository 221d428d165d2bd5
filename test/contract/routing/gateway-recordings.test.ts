import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyDefaults } from '../../../src/sandbox/api-server/admission/defaults.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { LIKES } from '../../../src/sandbox/gateway/gateway-api/like.js'
import { PROFILES } from '../../../src/sandbox/gateway/gateway-api/profile.js'
import { type DataPlane, startDataPlane, until } from './data-plane.js'
import { gateway, gatewayClass, httpRoute, versionService } from './gateway-objects.js'
import { hasChance, kindsOf, NAMES, scenarios, withoutChance, withoutTimes } from './gateway-recordings.js'
import { deployment, KINDS, put } from './objects.js'

describe.each(LIKES)('recordings of a real gateway: %s', (like) => {
  const profile = PROFILES[like]
  let plane: DataPlane

  beforeAll(async () => {
    plane = await startDataPlane({ like })
    const v = (version: string) => {
      const pods = deployment('echo', version)
      pods.metadata.namespace = 'rec'
      return [pods, versionService(`echo-${version}`, 'rec', version)]
    }
    const port = Number(new URL(plane.url).port)
    const objects = [
      gatewayClass(profile),
      gateway(NAMES[like], 'gateways', profile, port),
      ...v('v1'),
      ...v('v2'),
      versionService('echo-empty', 'rec', 'none'),
      versionService('echo-far', 'other', 'v1'),
    ]
    for (const object of objects) put(plane.store, KINDS[object.kind]!, object)
    await plane.settled()
  })
  afterAll(() => plane.close())

  test.each(scenarios)('$name', async ({ name, spec, conditions, asked }) => {
    const route = httpRoute('echo', 'rec', structuredClone(spec))
    applyDefaults(RESOURCES.httproutes, route)
    plane.store.delete(RESOURCES.httproutes, 'rec', 'echo')
    plane.store.create(RESOURCES.httproutes, route)
    await plane.settled()

    const parents = () => plane.store.get(RESOURCES.httproutes, 'rec', 'echo')?.status?.parents ?? []
    const wanted = conditions[like]
    if (wanted) await until(() => parents().length > 0)
    const [parent] = parents()
    expect(withoutTimes(parent?.conditions as object[]), name).toEqual(wanted)
    if (wanted) expect(parent.controllerName).toBe(profile.controllerName)

    for (const { request, headers, ...recorded } of asked) {
      const { answers: real, headers: realHeaders } = recorded[like]
      const [kind] = Object.keys(real)
      const kinds = kindsOf(real).sort()
      // As many that none of several kinds is missing by chance.
      const ours = await plane.count(request, Object.entries(headers), kinds.length > 1 ? 60 : 6)
      const where = `${name}: ${request} ${JSON.stringify(headers)}`
      const answered = withoutChance(ours.answers)
      if (hasChance(ours.answers)) expect(kinds, where).toEqual(expect.arrayContaining(Object.keys(answered)))
      else expect(Object.keys(answered).sort(), where).toEqual(kinds)
      // Shares are exact where backends take turns.
      if (like === 'traefik') expect(new Set(Object.values(answered)).size, where).toBe(1)
      if (kinds.length === 1 && !hasChance(real) && !hasChance(ours.answers))
        expect(ours.first, where).toMatchObject(realHeaders[kind!] ?? {})
      if (like !== 'contour') expect(ours.first.server, where).toBeUndefined()
    }
  })
})
