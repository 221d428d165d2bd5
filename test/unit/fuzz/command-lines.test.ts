import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ModelCluster } from '../../support/model-cluster/cluster.js'
import { ModelRouting } from '../../support/model-cluster/routing.js'
import { ModelVerifier } from '../../support/model-cluster/verifier.js'
import { type CommandClass, runWith } from '../commands/run-command.js'

let cluster: ModelCluster
const runCommand = runWith({
  cluster: () => ({ cluster, routing: new ModelRouting(cluster) }),
  verifier: () => new ModelVerifier(cluster),
})

/** Those of the sandbox start and stop a process: they have tests of their own. */
const folder = new URL('../../../src/commands/', import.meta.url)
const files = (await readdir(folder)).filter((name) => name.endsWith('.ts'))
const commands = await Promise.all(
  files.map(async (name): Promise<[string, CommandClass & { args: object; flags: object }]> => {
    const module = (await import(new URL(name, folder).href)) as { default: any }
    return [name.replace('.ts', ''), module.default]
  }),
)

let home: string
const cwd = process.cwd()
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'canary-flags-'))
  process.chdir(home)
})
afterAll(async () => {
  process.chdir(cwd)
  await rm(home, { recursive: true })
})
beforeEach(async () => {
  cluster = new ModelCluster()
  const values = { deployment: { v1: {} }, routes: { apiGroup: 'example', primary: { version: 'v1' } } }
  const chart = { path: '/chart' }
  await cluster.install({ app: 'echo', namespace: 'echo', chart, values, description: 'install echo v1' })
})

/** What a shell can pass: no NUL, else anything. */
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
  fc.constantFrom(
    '',
    ' ',
    '-',
    '--',
    '---',
    '-x',
    '--=',
    '=',
    'a=b',
    '0',
    '-1',
    '1e9',
    '100',
    '100%',
    'true',
    'null',
  ),
  fc.constantFrom(
    'echo',
    'v1',
    'v2',
    'constructor',
    '__proto__',
    'toString',
    '../../x',
    '/dev/null',
    '/',
    '.',
    '*',
  ),
  fc.constantFrom(
    '1s',
    '-1s',
    '1e400s',
    '9'.repeat(400),
    'NaN',
    'Infinity',
    '999999999999h',
    '\u001b[2J',
    '\u202e',
    '\ud800',
  ),
  fc.constantFrom(
    'http://',
    'http://[::1',
    'http://a:99999',
    'file:///x',
    '{{',
    '${x}',
    '%s',
    'a.b.c=d',
    'x'.repeat(10_000),
  ),
)

describe.each(commands)('canary %s', (name, command) => {
  // It would write files wherever --out says.
  const harmless = name === 'init' ? ['--dry-run'] : []
  const flags = Object.keys(command.flags).map((flag) => `--${flag}`)
  const fine = Object.keys(command.args).map((name) => ({ app: 'echo', weight: '50' })[name] ?? 'v2')
  const argv = fc
    .tuple(
      fc.oneof(fc.constant(fine), fc.array(odd, { maxLength: fine.length + 1 })),
      fc.array(
        fc.oneof(
          fc.tuple(fc.constantFrom(...flags), odd),
          fc.tuple(fc.constantFrom(...flags), odd).map(([flag, value]) => [`${flag}=${value}`]),
          fc.constantFrom(...flags).map((flag) => [flag]),
          odd.map((text) => [text]),
        ),
        { maxLength: 3 },
      ),
      fc.constantFrom([], ['--json'], ['-o', 'yaml']),
    )
    .map(([words, more, format]) => [...words, ...more.flat(), ...format])

  test('any words: no bug, no stack trace', async () => {
    await fc.assert(
      fc.asyncProperty(argv, async (words) => {
        const { exitCode, stderr, stdout } = await runCommand(command, [...harmless, ...words])
        expect(exitCode, stderr).not.toBe(1)
        expect(`${stderr}${stdout}`).not.toMatch(/\n\s+at \S+ \(|This is a bug/)
        expect(`${stderr}${stdout}`).not.toMatch(/\u001b\[2J/)
        if (exitCode === 0) expect(stderr).not.toMatch(/✖/)
      }),
      { seed: 4, numRuns: 4 },
    )
  })

  // Most flags are those of many commands: there each has some of the values, and over all commands all of them.
  test('each flag with odd values, the arguments being fine', async () => {
    const values = ['', 'a=b', '9'.repeat(400), '\u001b[2J', '/dev/zero']
    const turn = commands.findIndex(([other]) => other === name)
    for (const [index, flag] of flags.entries()) {
      for (const more of [0, 1]) {
        const value = values[(2 * turn + index + more) % values.length]!
        const { exitCode, stderr } = await runCommand(command, [...harmless, ...fine, `${flag}=${value}`])
        expect(exitCode, `${flag}=${value.slice(0, 20)}: ${stderr}`).not.toBe(1)
      }
    }
  })
})

describe('a release whose values are odd', () => {
  const oddValue = fc.constantFrom<any[]>(
    null,
    0,
    -1,
    101,
    '',
    'v2',
    'constructor',
    true,
    [],
    [1],
    {},
    { v2: 1 },
    { v1: {}, v2: {}, v3: {} },
  )
  const config = fc.record(
    {
      deployment: fc.oneof(oddValue, fc.record({ v1: oddValue, v2: oddValue }, { requiredKeys: [] })),
      routes: fc.oneof(
        oddValue,
        fc.record(
          {
            primary: fc.oneof(oddValue, fc.constant({ version: 'v1' })),
            canary: fc.oneof(oddValue, fc.record({ version: oddValue, weight: oddValue, headers: oddValue })),
            versionHeader: oddValue,
            fingerprintHeader: oddValue,
          },
          { requiredKeys: [] },
        ),
      ),
      upstream: oddValue,
      verify: fc.oneof(oddValue, fc.record({ version: oddValue })),
      app: oddValue,
    },
    { requiredKeys: [] },
  )
  const words: Record<string, string[]> = {
    shift: ['echo', '50'],
    start: ['echo', 'v2'],
    install: ['echo', 'v1'],
  }

  test.each(commands)('canary %s', async (name, command) => {
    await fc.assert(
      fc.asyncProperty(config, async (values) => {
        cluster = new ModelCluster()
        const chart = { path: '/chart' }
        await cluster.install({ app: 'echo', namespace: 'echo', chart, values, description: 'by hand' })
        for (const more of [[], ['--dry-run']]) {
          if (more.length > 0 && !('dry-run' in command.flags)) continue
          const { exitCode, stderr } = await runCommand(command, [
            ...(words[name] ?? ['echo']),
            ...more,
            '--json',
          ])
          expect(exitCode, stderr).not.toBe(1)
        }
      }),
      { seed: 4, numRuns: 4 },
    )
  })
})
