import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

const CHANGING = ['install', 'upgrade', 'rollback', 'uninstall']

/** Whether a helm that changes this release runs on this host; false where the system does not tell. */
export async function helmRuns(app: string, namespace: string): Promise<boolean> {
  const commands = process.platform === 'linux' ? await procCommands() : await psCommands()
  return commands.some((words) => isChange(words, app, namespace))
}

/** Whether a command line is a helm that changes the release: `helm upgrade echo … --namespace echo …`. */
export function isChange(words: string[], app: string, namespace: string): boolean {
  const [program = '', verb = '', release] = words
  if (path.basename(program) !== 'helm' || !CHANGING.includes(verb) || release !== app) return false
  const at = words.findIndex((word) => word === '--namespace' || word === '-n')
  return at >= 0 && words[at + 1] === namespace
}

async function procCommands(): Promise<string[][]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.map((line) => line.split('\0'))
}

async function psCommands(): Promise<string[][]> {
  const { execa } = await import('execa')
  const { stdout = '' } = await execa('ps', ['-axo', 'args='], { reject: false, stdin: 'ignore' })
  return stdout.split('\n').map((line) => line.trim().split(/\s+/))
}
