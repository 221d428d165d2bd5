import { hasDied, processOf, thisProcess } from '../../cluster/lease/lock-holder.js'
import { UsageError } from '../../model/errors.js'

/** How often to check whether a process has ended. */
const LOOK_EVERY_MS = 300

/** A signal that is aborted once a process has ended. Throws UsageError if there is no such process. */
export function endOf(pid: number): AbortSignal {
  const own = thisProcess()
  const owner = processOf(pid)
  if (hasDied(owner, own)) {
    throw new UsageError(`No process ${pid}: the sandbox would stop at once.`, {
      nextSteps: ['--while-pid $$    (in a script: as long as the script runs)'],
    })
  }
  const ended = new AbortController()
  const timer = setInterval(() => {
    if (!hasDied(owner, own)) return
    clearInterval(timer)
    ended.abort()
  }, LOOK_EVERY_MS)
  timer.unref()
  return ended.signal
}
