import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { codeFolder } from '../../lib/package-folder.js'

/** Names of all commands, from their files: `shift`, `runbook lint`. */
export async function commandNames(): Promise<string[]> {
  const files = await readdir(path.join(codeFolder, 'commands'), { recursive: true })
  return files
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => file.replace(/\.[jt]s$/, '').replace(/[\\/]/g, ' '))
}
