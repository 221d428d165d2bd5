import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Login, tooLong } from '../../../../src/cluster/kube/login.js'
import { LineSplitter } from '../../../../src/lib/process/line-splitter.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const silence = () => new Error('no answer')

describe('how long is waited', () => {
  /** What the wait ended with after so long, milliseconds; `waits` where it goes on. */
  async function after(ms: number, usualMs: number, login?: Login): Promise<string> {
    const done = new AbortController()
    const over = tooLong(usualMs, login, silence, done.signal).then((error) => error?.message ?? 'done')
    const elapsed = vi.advanceTimersByTimeAsync(ms).then(() => 'waits')
    const outcome = await Promise.race([over, elapsed])
    done.abort()
    return outcome
  }
  const login = (runs: boolean | ((now: number) => boolean), more: Partial<Login> = {}): Login => {
    const began = performance.now()
    return {
      command: 'aws',
      runs: () => Promise.resolve(typeof runs === 'function' ? runs(performance.now() - began) : runs),
      limitMs: 300_000,
      ...more,
    }
  }

  test('without a login', async () => {
    expect(await after(29_000, 30_000)).toBe('waits')
    expect(await after(30_100, 30_000)).toBe('no answer')
  })

  test('a kubeconfig with a login command that does not run: a silent server, all the same', async () => {
    expect(await after(32_000, 30_000, login(false))).toBe('no answer')
  })

  test('a login that waits for a person does not count as silence; that it waits is said once', async () => {
    const say = vi.fn()
    expect(await after(120_000, 30_000, login(true, { say }))).toBe('waits')
    expect(say.mock.calls).toEqual([["waiting for the kubeconfig's login command, aws (at most 5 min)"]])
  })

  test('silence counts from the end of the login on', async () => {
    const until = (now: number) => now < 60_000
    expect(await after(85_000, 30_000, login(until))).toBe('waits')
    expect(await after(95_000, 30_000, login(until))).toBe('no answer')
  })

  test('a login that does not end is named', async () => {
    expect(await after(310_000, 30_000, login(true))).toBe(
      "The kubeconfig's login command did not finish within 5 min and was ended: aws",
    )
  })

  test('Ctrl-C ends a login that waits for a person, and leaves a quick one its time', async () => {
    const signal = AbortSignal.abort()
    expect(await after(4000, 30_000, login(true, { signal }))).toMatch(/^Login interrupted: .*, aws,/)
    expect(
      await after(
        4000,
        30_000,
        login((now) => now < 1500, { signal }),
      ),
    ).toBe('waits')
  })
})

describe('lines are handed on as they come', () => {
  test('whole ones at once, a question without an end after a short silence', async () => {
    const said: string[] = []
    const lines = new LineSplitter((line) => said.push(line))
    lines.write('open http')
    lines.write('s://x\r\nprogress 1\rprogress 2\n\nEnter code: ')
    expect(said).toEqual(['open https://x', 'progress 1', 'progress 2'])
    await vi.advanceTimersByTimeAsync(200)
    lines.write('thanks\n')
    expect(said.slice(3)).toEqual(['Enter code: ', 'thanks'])
  })
})
