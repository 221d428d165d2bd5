import { cp, mkdtemp, rm } from 'node:fs/promises'
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
  const remove = () => rm(root, { recursive: true, force: true })
  const { exitCode, all } = await execa('node', [path.join(projectRoot, 'scripts', 'build.mjs'), root], {
    reject: false,
    all: true,
  })
  if (exitCode !== 0) {
    await remove()
    throw new Error(`canary does not build:\n${all}`)
  }
  return { root, remove }
}
