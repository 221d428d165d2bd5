import { describe, expect, test } from 'vitest'
import { runCommand } from '../../../src/cluster/shell-command.js'

const ran = async (command: string, more: { timeoutMs?: number; signal?: AbortSignal } = {}) => {
  const lines: string[] = []
  const exitCode = await runCommand(command, {
    env: { CANARY_APP: 'echo' },
    signal: new AbortController().signal,
    line: (text) => lines.push(text),
    ...more,
  })
  return { exitCode, lines }
}

describe('a command of the user’s', () => {
  test('has the variables, and its lines are told', async () => {
    const { exitCode, lines } = await ran('echo "at $CANARY_APP"; printf last >&2')
    expect(exitCode).toBe(0)
    expect(lines.toSorted()).toEqual(['at echo', 'last'])
  })

  test('decides by its exit code', async () => {
    expect((await ran('exit 7')).exitCode).toBe(7)
    expect((await ran('no-such-program')).exitCode).toBe(127)
  })

  test('gets no input', async () => {
    expect(await ran('cat; echo done')).toEqual({ exitCode: 0, lines: ['done'] })
  })

  test('is ended with all that it started once its time is over', async () => {
    await expect(ran('sleep 60 & sleep 60', { timeoutMs: 50 })).rejects.toThrow(/it took longer than 0\.05 s/)
  })

  test('is ended when the run is interrupted', async () => {
    const controller = new AbortController()
    const running = ran('echo there; sleep 60', { signal: controller.signal })
    controller.abort('SIGINT')
    await expect(running).rejects.toThrow(/it was interrupted/)
  })

  test('may leave something in the background', async () => {
    const { exitCode, lines } = await ran('sleep 60 & echo $!')
    expect(exitCode).toBe(0)
    process.kill(Number(lines[0]), 'SIGKILL')
  })

  test('is told of where a signal ended it', async () => {
    await expect(ran('kill -9 $$')).rejects.toThrow(/by SIGKILL/)
  })

  test('may print a line without end', async () => {
    const { lines } = await ran('head -c 1000000 /dev/zero | tr "\\0" x; echo; echo after')
    expect(lines.map((line) => line.length)).toEqual([4096, 5])
  })
})
