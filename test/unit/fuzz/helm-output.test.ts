import { afterEach, beforeEach, expect, test } from 'vitest'
import { Helm } from '../../../src/cluster/helm/helm.js'
import { PrivateFolder } from '../../../src/cluster/private-folder.js'
import { ExternalError } from '../../../src/model/errors.js'
import { startFakePath, type FakePath } from '../cluster/fake-program.js'

let programs: FakePath
let folder: PrivateFolder
beforeEach(async () => {
  programs = await startFakePath()
  folder = new PrivateFolder()
})
afterEach(async () => {
  folder.close()
  await programs.close()
})

const request = { app: 'echo', namespace: 'echo', chart: { path: '/chart' }, values: {}, description: 'x' }

/** Runs one upgrade with a helm that does this. */
async function upgrade(then: string): Promise<ExternalError> {
  await programs.program(
    'helm',
    `const fs = require('fs')
     const write = (fd, text, times = 1) => { for (let i = 0; i < times; i += 1) fs.writeSync(fd, text) }
     if (process.argv[2] === 'version') { process.stdout.write('v4.2.3'); return }
     ${then}`,
  )
  const helm = new Helm(() => Promise.resolve({}), folder)
  const failure: unknown = await helm.upgrade(request).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ExternalError)
  return failure as ExternalError
}

test.each([
  ['nothing', ''],
  ['no JSON', `write(1, 'upgraded')`],
  ['half of it', `write(1, '{"version":')`],
  ['null', `write(1, 'null')`],
  ['another type', `write(1, '{"version":"7"}')`],
  ['binary', `write(1, Buffer.from([0, 255, 27, 91, 50, 74]))`],
])('a helm that ends well and says %s', async (_name, then) => {
  expect((await upgrade(then)).message).toMatch(/did not report which revision it created/)
})

test('a helm that prints 50 MB', async () => {
  const failure = await upgrade(`write(1, Buffer.alloc(1e6, 'x'), 50)`)
  expect(failure.message).toBe('helm printed more than 32 MiB.')
})

test('a helm that fails with 50 MB of warnings: its last words count', async () => {
  const failure = await upgrade(
    `write(2, Buffer.alloc(1e6, 'WARNING: x\\n'), 50); write(2, 'Error: the moon is full\\n'); process.exitCode = 1`,
  )
  expect(failure.message).toBe('helm failed (exit code 1): the moon is full')
  expect(failure.stderr!.length).toBeLessThanOrEqual(64 * 1024)
})

test('a helm that fails with what is no text', async () => {
  const failure = await upgrade(`write(2, Buffer.from([255, 0, 27, 91, 50, 74])); process.exitCode = 1`)
  expect(failure.message).toMatch(/^helm failed \(exit code 1\)/)
})

test.each([
  ['is killed', `process.kill(process.pid, 'SIGKILL')`],
  ['says nothing', `process.exitCode = 3`],
])('a helm that %s', async (_name, then) => {
  expect((await upgrade(then)).message).toMatch(/^helm failed/)
})
