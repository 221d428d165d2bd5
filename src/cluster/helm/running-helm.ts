import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

const CHANGING = ['install', 'upgrade', 'rollback', 'uninstall', 'delete']

/** Whether a helm that changes this release runs on this host; false if the system does not list processes. */
export async function helmRuns(app: string, namespace: string): Promise<boolean> {
  const commands = process.platform === 'linux' ? await procCommands() : await psCommands()
  return commands.some((words) => changesRelease(words, app, namespace))
}

/**
 * Whether a command line is a helm that changes the release: `helm upgrade echo … --namespace echo …`, flags in any
 * place. In doubt it counts: waiting for an unrelated helm costs seconds.
 */
export function changesRelease(words: string[], app: string, namespace: string): boolean {
  // Started by a script's shebang, the program is the second word.
  const program = words.slice(0, 2).findIndex((word) => /^helm\d*(\.exe)?$/.test(path.basename(word)))
  if (program < 0) return false
  const { namespaces, others } = split(words.slice(program + 1))
  const verb = others.findIndex((word) => CHANGING.includes(word))
  return verb >= 0 && others.includes(app, verb + 1) && namespaces.includes(namespace)
}

/** The namespaces of a command line (`--namespace echo`, `--namespace=echo`, `-n echo`, `-n=echo`, `-necho`), and the rest. */
function split(args: string[]): { namespaces: string[]; others: string[] } {
  const namespaces: string[] = []
  const others: string[] = []
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? ''
    const joined = /^(?:--namespace=|-n=?)(.+)$/.exec(word)?.[1]
    if (joined !== undefined) namespaces.push(joined)
    else if (word === '--namespace' || word === '-n') namespaces.push(args[(index += 1)] ?? '')
    else others.push(word)
  }
  return { namespaces, others }
}

async function procCommands(): Promise<string[][]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.map((line) => line.split('\0'))
}

async function psCommands(): Promise<string[][]> {
  const { execa } = await import('execa')
  const { stdout = '' } = await execa('ps', ['-axww', '-o', 'args='], { reject: false, stdin: 'ignore' })
  return stdout.split('\n').map((line) => line.trim().split(/\s+/))
}
