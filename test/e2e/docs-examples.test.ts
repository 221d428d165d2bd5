import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (name: string) => readFile(path.join(root, name), 'utf8')

/** An empty folder; `bin` in it is what a user has on PATH before the system's own commands. */
let folder: string
let bin: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-examples-'))
  bin = path.join(folder, 'bin')
  await mkdir(bin)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Puts a command on PATH that notes each call in the file `calls`. */
async function addCommand(name: string, prints = ''): Promise<void> {
  const script = `#!/bin/sh\necho "${name} $*" >>"${folder}/calls"\necho "${prints}"\n`
  await writeFile(path.join(bin, name), script)
  await chmod(path.join(bin, name), 0o755)
}
const calls = () => readFile(path.join(folder, 'calls'), 'utf8').catch(() => '')

/** Runs it as a user who has the system's commands, npm and npx (which only note that they were called). */
async function shell(args: string[], env: Record<string, string> = {}) {
  for (const name of ['npm', 'npx']) await addCommand(name)
  const options = {
    cwd: folder,
    env: { PATH: `${bin}:/usr/bin:/bin`, ...env },
    extendEnv: false,
    reject: false,
  }
  return execa('/bin/sh', args, options)
}

describe('where what an example needs is not installed', () => {
  const script = path.join(root, 'docs/examples/rollout.sh')

  test('without canary-rollout the script says so before it does anything, and asks npm for nothing', async () => {
    const { exitCode, stderr } = await shell([script, 'echo', 'v2'])
    expect(stderr).toBe(
      'canary is not canary-rollout: install it as its README says, or set CANARY to its path',
    )
    expect(exitCode).toBe(2)
    expect(await calls()).toBe('')
  })

  test('the script takes no other program named canary for it', async () => {
    await addCommand('canary', 'canary 4.2.0')
    const { exitCode, stderr } = await shell([script, 'echo', 'v2'])
    expect(stderr).toContain('canary is not canary-rollout')
    expect(exitCode).toBe(2)
    expect(await calls()).toBe('canary --version\n')
  })

  test('without jq the script says so, before it does anything', async () => {
    await addCommand('canary', 'canary-rollout/0.1.0')
    const env = { PATH: bin }
    const options = { cwd: folder, env, extendEnv: false, reject: false }
    const { exitCode, stderr } = await execa('/bin/sh', [script, 'echo', 'v2'], options)
    expect(stderr).toBe("jq is not installed: this script reads canary's JSON with it")
    expect(exitCode).toBe(2)
    expect(await calls()).toBe('canary --version\n')
  })

  test.each(['github-actions.yaml', 'gitlab-ci.yaml'])('%s: every job ends at its check', async (name) => {
    await addCommand('canary', 'canary 4.2.0')
    const jobs = jobsOf(parse(await read(`docs/examples/${name}`)))
    expect(jobs).toHaveLength(2)
    for (const { lines, env } of jobs) {
      expect(lines[0]).toBe('npm ci')
      const { exitCode, stderr } = await shell(['-euc', lines.slice(1).join('\n')], { TO: 'v2', ...env })
      expect(stderr).toBe('canary-rollout is not a dependency in package.json')
      expect(exitCode).toBe(1)
      const rollout = await shell(['-euc', lines.at(-1)!], { TO: 'v2', ...env })
      expect(rollout).toMatchObject({ exitCode: 127 })
      expect(rollout.stderr).toContain('node_modules/canary-rollout/bin/run.js')
    }
    expect(await calls()).toBe('')
  })
})

interface GithubActions {
  env: Record<string, string>
  jobs: Record<string, { steps: { run?: string }[] }>
}
interface GitlabCi {
  variables: Record<string, string>
  default: { before_script: string[] }
  start: { script: string[] }
  'go-on': { script: string[] }
}

/** The shell lines of each job, and the variables that all have. */
function jobsOf(file: GithubActions | GitlabCi): { lines: string[]; env: Record<string, string> }[] {
  if ('jobs' in file) {
    const { CANARY } = file.env
    return Object.values(file.jobs).map(({ steps }) => ({
      lines: steps.flatMap(({ run }) => run ?? []),
      env: { CANARY: CANARY! },
    }))
  }
  return [file.start, file['go-on']].map(({ script }) => ({
    lines: [...file.default.before_script, ...script],
    env: { CI_JOB_ID: '7', ...file.variables },
  }))
}

test('the examples stand in docs/runbooks.md as they are', async () => {
  const page = await read('docs/runbooks.md')
  for (const name of await readdir(path.join(root, 'docs/examples'))) {
    expect(page.includes(`\n${await read(`docs/examples/${name}`)}\`\`\`\n`), name).toBe(true)
  }
})

test('nothing of the project fetches a program by its name', async () => {
  const fetching =
    /\bnpx\b(?! canary`)|\b(npm|pnpm) (exec|x|dlx)\b|\bnpm (i|install) (-g |--global )?canary\b/
  const found: string[] = []
  for (const name of await sources()) {
    const lines = (await read(name)).split('\n')
    found.push(...lines.filter((line) => fetching.test(line)).map((line) => `${name}: ${line}`))
  }
  expect(found).toEqual([])
})

/** Every text file of the project, but for this one. */
async function sources(): Promise<string[]> {
  const notSource = ['.git', 'node_modules', 'dist', 'package-lock.json']
  const top = (await readdir(root, { withFileTypes: true })).filter(({ name }) => !notSource.includes(name))
  const files = await Promise.all(
    top.map(async (entry) => {
      if (!entry.isDirectory()) return [entry.name]
      const below = await readdir(path.join(root, entry.name), { recursive: true, withFileTypes: true })
      return below
        .filter((one) => one.isFile())
        .map((one) => path.relative(root, path.join(one.parentPath, one.name)))
    }),
  )
  return files
    .flat()
    .filter(
      (name) => /\.(md|ya?ml|sh|ts|mjs|js|json|txt|tpl)$|^\.ci/.test(name) && !import.meta.url.endsWith(name),
    )
}
