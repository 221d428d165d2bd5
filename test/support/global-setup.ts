import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { HELM_MAJORS, toolsFolder } from '../../scripts/tools.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Before any test: the program built from the sources as they are, and the real helm and kubectl unpacked. */
export default async function setup(): Promise<void> {
  if (!(await isBuilt())) await execa('node', [path.join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
  for (const major of HELM_MAJORS) await toolsFolder(major)
}

/** Whether the build's last file is newer than all that it is made of. */
async function isBuilt(): Promise<boolean> {
  const last = path.join(root, 'oclif.manifest.json')
  if (!existsSync(last)) return false
  const sources = await readdir(path.join(root, 'src'), { recursive: true })
  const made = await Promise.all(
    [
      'package.json',
      'package-lock.json',
      'scripts/build.mjs',
      'src',
      ...sources.map((name) => path.join('src', name)),
    ].map(async (name) => (await stat(path.join(root, name))).mtimeMs),
  )
  return Math.max(...made) < (await stat(last)).mtimeMs
}
