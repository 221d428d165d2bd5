import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

export const projectRoot = fileURLToPath(new URL('..', import.meta.url))

export interface Build {
  /** A folder like the project's own: bin, chart, dist, schema, package.json. */
  root: string
  remove(): Promise<void>
}

/** Builds canary into a folder of its own, so that a build elsewhere doesn't pull it away under a long run. */
export async function buildApart(): Promise<Build> {
  const root = await mkdtemp(path.join(tmpdir(), 'canary-soak-build-'))
  await Promise.all(
    ['bin', 'chart', 'schema', 'package.json'].map((name) =>
      cp(path.join(projectRoot, name), path.join(root, name), { recursive: true }),
    ),
  )
  await symlink(path.join(projectRoot, 'node_modules'), path.join(root, 'node_modules'))
  const remove = () => rm(root, { recursive: true, force: true })
  const options = ['-p', 'tsconfig.build.json', '--outDir', path.join(root, 'dist')]
  const { exitCode, stdout } = await execa('tsc', options, {
    cwd: projectRoot,
    preferLocal: true,
    localDir: projectRoot,
    reject: false,
  })
  if (exitCode !== 0) {
    await remove()
    throw new Error(`canary does not build:\n${stdout}`)
  }
  return { root, remove }
}
