/**
 * `node --expose-gc --import tsx bench/probe-load.ts ORIGIN COUNT`: the prober alone, as fast as it goes. Prints, as JSON,
 * probes per second and the heap in use, garbage collected, after a tenth of the probes and after all of them.
 */
import { Prober } from '../src/verification/probing/prober.js'
import { transportTo } from '../test/support/probe-request.js'

const [origin = '', text = '0'] = process.argv.slice(2)
const count = Number(text)
const heap = () => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const started = performance.now()
let paused = 0
let heapEarly = NaN
let answers = 0
await new Promise<void>((done, failed) => {
  const prober = new Prober({
    transport: transportTo(origin),
    next: () => ({ method: 'GET', path: '/echo', headers: {} }),
    rate: () => 0,
    read: (outcome) => outcome,
    commit: () => {
      answers += 1
      if (answers === count / 10) {
        const before = performance.now()
        heapEarly = heap()
        paused = performance.now() - before
      }
      if (answers === count) void prober.stop().then(done)
    },
    onBug: failed,
  })
  prober.start()
})
const seconds = (performance.now() - started - paused) / 1000
console.log(JSON.stringify({ perSecond: count / seconds, heapEarly, heapLate: heap() }))
