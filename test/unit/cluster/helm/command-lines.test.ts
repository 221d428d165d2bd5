import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCluster } from '../../../../src/cluster/open.js'
import { openRouting } from '../../../../src/routing/select.js'
import type { ExternalError } from '../../../../src/model/errors.js'
import { Secrets } from '../../../../src/lib/secrets/secrets.js'
import { startFakePath, type FakePath } from '../fake-program.js'

/** Writes down the command line it was started with, and its environment; then does as the test says. */
const recording = (name: string, then: string) => `
  const fs = require('fs')
  fs.appendFileSync(__dirname + '/calls', JSON.stringify(['${name}', ...process.argv.slice(2)]) + '\\n')
  ${then}`

let programs: FakePath
beforeEach(async () => {
  programs = await startFakePath()
  await programs.program('kubectl', recording('kubectl', `process.exitCode = 1`))
})
afterEach(() => programs.close())

const calls = async () => (await readFile(path.join(programs.folder, 'calls'), 'utf8')).trim().split('\n')

const values = {
  deployment: { v1: { password: 'S3cret', env: [{ name: 'API_TOKEN', value: 'T0ken-42' }] } },
}
const request = {
  app: 'shop',
  namespace: 'shop',
  chart: { path: '/charts/shop' },
  values,
  description: 'canary install shop v1',
}

test('no secret stands on the command line of a child', async () => {
  await programs.program(
    'helm',
    recording(
      'helm',
      `if (process.argv[2] === 'version') process.stdout.write('v4.2.3')
       else { fs.writeFileSync(__dirname + '/input', fs.readFileSync(0)); console.log('{"version":1}') }`,
    ),
  )
  const cluster = openCluster({ secrets: new Secrets() })
  await cluster.render(request)
  await cluster.install(request)
  await cluster.upgrade(request)
  await cluster.rollback({ app: 'shop', namespace: 'shop', revision: 1 })
  await cluster.uninstall('shop', 'shop')
  await cluster.findReleases('shop').catch(() => undefined)
  await openRouting(cluster.kube)
    .of({}, 'shop')
    .proxyAddress()
    .catch(() => undefined)
  await cluster.close()

  const lines = await calls()
  expect(lines.some((line) => line.startsWith('["kubectl","proxy"'))).toBe(true)
  expect(lines.filter((line) => /"(template|install|upgrade|rollback|uninstall)"/.test(line))).toHaveLength(5)
  expect(lines.join('\n')).not.toMatch(/S3cret|T0ken/)
})

test('what helm repeats of the values it was given is masked, in every form', async () => {
  await programs.program(
    'helm',
    recording(
      'helm',
      `if (process.argv[2] === 'version') { process.stdout.write('v4.2.3'); return }
       console.error('Error: INSTALLATION FAILED: Secret "shop" is invalid: data: Invalid value: "T0ken-42" (' +
         Buffer.from('T0ken-42').toString('base64') + '), wanted no S3cret')
       process.exitCode = 1`,
    ),
  )
  const cluster = openCluster()
  const failure = (await cluster.install(request).catch((error: unknown) => error)) as ExternalError
  await cluster.close()

  const says = 'Secret "shop" is invalid: data: Invalid value: "***" (***), wanted no ***'
  expect(failure.message).toContain(says)
  expect(failure.stderr).toContain(says)
  expect(failure.command).not.toMatch(/S3cret|T0ken/)
})
