import { afterEach, expect, test, vi } from 'vitest'
import { type SignalWatch, watchSignals } from '../../../../src/cli/session/signals.js'

let watch: SignalWatch | undefined
afterEach(() => {
  watch?.dispose()
  vi.restoreAllMocks()
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('the first %s lets the work end, the second one leaves with %i', (name, code) => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never)
  const said: string[] = []
  watch = watchSignals((line) => said.push(line), { first: () => 'stopping', second: () => 'stopped' })
  expect(watch.signal.aborted).toBe(false)

  process.emit(name, name)
  expect(said).toEqual(['stopping'])
  expect(watch.caught()).toBe(name)
  expect(watch.signal).toMatchObject({ aborted: true, reason: name })
  expect(exit).not.toHaveBeenCalled()

  process.emit(name, name)
  expect(said).toEqual(['stopping', 'stopped'])
  expect(exit).toHaveBeenCalledWith(code)
})

test('after dispose signals are the process\u2019s own again', () => {
  const before = process.listenerCount('SIGINT')
  watch = watchSignals(() => undefined, { first: () => '', second: () => '' })
  expect(process.listenerCount('SIGINT')).toBe(before + 1)
  watch.dispose()
  expect(process.listenerCount('SIGINT')).toBe(before)
})
