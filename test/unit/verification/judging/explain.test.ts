import { afterEach, expect, test } from 'vitest'
import type { Expectation } from '../../../../src/model/verify/expectation.js'
import { createVerifier } from '../../../../src/verification/probing/create-verifier.js'
import { proofRequest } from '../../../support/probe-request.js'
import { startServer } from '../probing/http-server.js'

let server: Awaited<ReturnType<typeof startServer>> | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const regular: Expectation = {
  kind: 'regular',
  paths: ['/echo', '/other'],
  headers: {},
  primary: 'v1',
  canary: 'v2',
  share: 0,
}
const marked: Expectation = {
  ...regular,
  kind: 'canary',
  paths: ['/echo'],
  headers: { stage: 'canary' },
  share: 1,
}

test('raw answers, what was read from them, and what they count as', async () => {
  server = await startServer(({ url, headers }, response) => {
    const version = headers.stage === 'canary' ? 'v2' : 'v1'
    response.setHeader('x-canary-version', version)
    if (url === '/other') response.writeHead(500).end('broken')
    else response.end(`{"version":"${version}"}`)
  })
  const answers = await createVerifier().explain({
    ...proofRequest(server.origin, {
      expectations: [regular, marked],
      versionRule: { json: '$.version' },
      probe: { method: 'GET', headers: { 'x-a': 'b' } },
    }),
    times: 2,
  })
  expect(answers.map(({ kind, path, countsAs }) => [kind, path, countsAs])).toEqual([
    ['regular', '/echo', 'version v1'],
    ['regular', '/other', 'error: http 500'],
    ['regular', '/echo', 'version v1'],
    ['regular', '/other', 'error: http 500'],
    ['canary', '/echo', 'version v2'],
    ['canary', '/echo', 'version v2'],
  ])
  expect(answers[0]).toMatchObject({
    request: { method: 'GET', headers: { 'user-agent': 'canary/test', 'x-a': 'b' } },
    answer: { status: 200, body: '{"version":"v1"}', headers: { 'x-canary-version': 'v1' } },
    readings: [
      { rule: 'verify.version.json $.version', version: 'v1', used: true },
      { rule: "the default image's body", used: false },
      { version: 'v1', used: false },
    ],
  })
})

test('no answer is told, too', async () => {
  server = await startServer((request) => request.socket.destroy())
  const answers = await createVerifier().explain({
    ...proofRequest(server.origin, { expectations: [marked] }),
    times: 1,
  })
  expect(answers).toMatchObject([{ failure: expect.stringMatching(/^reset: /), countsAs: 'error: reset' }])
})
