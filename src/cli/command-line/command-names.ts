import { readdir } from 'node:fs/promises'

/** Names of all commands, from their files: `shift`, `runbook lint`. */
export async function commandNames(): Promise<string[]> {
  const files = await readdir(new URL('../../commands', import.meta.url), { recursive: true })
  return files
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => file.replace(/\.[jt]s$/, '').replace(/[\\/]/g, ' '))
}
