import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyDefaults } from '../../src/sandbox/api-server/admission/defaults.js'
import { RESOURCES } from '../../src/sandbox/api-server/resources.js'
import { createNamespace } from '../../src/sandbox/infrastructure.js'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js'
import { countAnswers } from '../contract/routing/count-answers.js'
import { httpRoute, versionService } from '../contract/routing/gateway-objects.js'
import {
  hasChance,
  kindsOf,
  NAMES,
  scenarios,
  withoutChance,
  withoutTimes,
} from '../contract/routing/gateway-recordings.js'
import { deployment, KINDS, put } from '../contract/routing/objects.js'
import { realGateways } from './real-gateway.js'

/** Traefik serves a change more than a second later. */
const SETTLED = { timeout: 15_000, interval: 200 }

for (const { gateway, missing, options } of await realGateways()) {
  describe.skipIf(missing.length > 0)(
    `the real ${gateway} does on the sandbox's API what was recorded`,
    () => {
      let sandbox: Sandbox
      let pool: Pool
      beforeAll(async () => {
        sandbox = await startSandbox({ ...(await options()), podStartMs: 1, drainMs: 1 })
        pool = new Pool(sandbox.gatewayUrl!, { connections: 10 })
        const { store } = sandbox
        for (const namespace of ['rec', 'other']) createNamespace(store, namespace)
        const pods = (version: string) => {
          const made = deployment('echo', version)
          made.metadata.namespace = 'rec'
          return made
        }
        const objects = [
          ...['v1', 'v2'].flatMap((version) => [
            pods(version),
            versionService(`echo-${version}`, 'rec', version),
          ]),
          versionService('echo-empty', 'rec', 'none'),
          versionService('echo-far', 'other', 'v1'),
        ]
        for (const object of objects) put(store, KINDS[object.kind]!, object)
      })
      afterAll(async () => {
        await pool.close()
        await sandbox.close()
      })

      test.each(scenarios)('$name', async ({ spec, conditions, asked }) => {
        const { store } = sandbox
        const own = structuredClone(spec)
        for (const parent of own.parentRefs) if (parent.name === NAMES[gateway]) parent.name = 'public'
        const route = httpRoute('echo', 'rec', own)
        applyDefaults(RESOURCES.httproutes, route)
        store.delete(RESOURCES.httproutes, 'rec', 'echo')
        store.create(RESOURCES.httproutes, route)

        const reported = () => {
          const parents = (store.get(RESOURCES.httproutes, 'rec', 'echo')?.status?.parents ?? []) as any[]
          const parent = parents.find(({ parentRef }) => parentRef.name === 'public')
          return withoutTimes(parent?.conditions as object[])
        }
        await expect.poll(reported, SETTLED).toEqual(conditions[gateway])

        const wanted = asked.map(({ request, headers, ...recorded }) => {
          const { answers } = recorded[gateway]
          return { request, headers, kinds: kindsOf(answers).sort(), byChance: hasChance(answers) }
        })
        const answered = async () => {
          const found: typeof wanted = []
          for (const { request, headers, kinds, byChance } of wanted) {
            const { answers } = await countAnswers(
              pool,
              request,
              Object.entries(headers),
              kinds.length > 1 ? 60 : 6,
            )
            found.push({ request, headers, kinds: Object.keys(withoutChance(answers)).sort(), byChance })
          }
          return found
        }
        await expect.poll(answered, SETTLED).toEqual(wanted)
      })
    },
  )
}
