import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A folder on PATH with programs of the test's own, in front of (or instead of) the real ones. */
export interface FakePath {
  folder: string
  /** Adds a program whose body is a Node script. */
  program(name: string, script: string): Promise<void>
  close(): Promise<void>
}

export async function startFakePath(): Promise<FakePath> {
  const folder = await mkdtemp(path.join(tmpdir(), 'canary-path-'))
  const before = process.env.PATH
  process.env.PATH = folder
  return {
    folder,
    program: async (name, script) => {
      const file = path.join(folder, name)
      await writeFile(file, `#!${process.execPath}\n${script}`)
      await chmod(file, 0o755)
    },
    close: async () => {
      process.env.PATH = before
      await rm(folder, { recursive: true, force: true })
    },
  }
}
