import path from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Runs one command line after the other in this process: `{ argv, env }` in, `{ exitCode, stdout, stderr }` out, as a
 * process of its own would have printed them. Working directory and the rest of the environment are this process's.
 */
const [, , root] = process.argv
const runJs = path.join(root, 'bin', 'run.js')
const { main } = await import(pathToFileURL(path.join(root, 'dist/cli/main.js')).href)
process.argv.splice(1, 2, runJs)
const ownEnv = { ...process.env }
const streams = ['stdout', 'stderr']
const listeners = streams.map((name) => process[name].rawListeners('error'))
const exitListeners = process.rawListeners('exit')

process.on('message', async ({ argv, env }) => {
  const printed = { stdout: '', stderr: '' }
  for (const name of streams) {
    process[name].write = (text, encoding, done = encoding) => {
      printed[name] += text
      if (typeof done === 'function') process.nextTick(done)
      return true
    }
  }
  Object.assign(process.env, env)
  process.exitCode = undefined
  await main(argv, pathToFileURL(runJs).href)
  const exitCode = process.exitCode ?? 0
  process.exitCode = undefined
  for (const name of Object.keys(env)) delete process.env[name]
  Object.assign(process.env, ownEnv)
  restoreListeners()
  process.send({ exitCode, ...printed })
})
process.on('disconnect', () => process.exit())
process.send('ready')

/** A process that ends takes its listeners with it. */
function restoreListeners() {
  for (const [index, name] of streams.entries()) {
    process[name].removeAllListeners('error')
    for (const listener of listeners[index]) process[name].on('error', listener)
  }
  process.removeAllListeners('exit')
  for (const listener of exitListeners) process.on('exit', listener)
}
