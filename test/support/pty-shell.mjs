/**
 * What a login shell is to a program at a terminal: a Ctrl-C reaches both and ends only the program; when the terminal
 * closes it hands the hangup on, and it outlives the program. Arguments: a file for the program's process id, a file for
 * how it ended (exit code or signal), and the Node program with its arguments.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'

const [pidFile, endFile, ...program] = process.argv.slice(2)
const child = spawn(process.execPath, program, { stdio: 'inherit' })
writeFileSync(pidFile, `${child.pid}\n`)
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => child.kill('SIGHUP'))
child.on('exit', (code, signal) => {
  writeFileSync(endFile, `${code ?? signal}\n`)
  process.exit()
})
