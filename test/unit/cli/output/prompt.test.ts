import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { asker, type PromptStreams } from '../../../../src/cli/output/prompt.js'

function streams(isTTY: boolean): PromptStreams {
  const input = Object.assign(new PassThrough(), { isTTY }) as unknown as PromptStreams['input']
  const output = Object.assign(new PassThrough(), { isTTY }) as unknown as PromptStreams['output']
  return { input, output }
}

function around() {
  const controller = new AbortController()
  return {
    controller,
    signal: controller.signal,
    clean: (question: string) => question,
  }
}

describe('asking', () => {
  test('off a terminal nobody can be asked', () => {
    expect(asker(streams(false), around())).toBeUndefined()
  })

  test.each([
    ['y\n', true],
    ['YES\n', true],
    ['n\n', false],
    ['\n', false],
    ['maybe\n', false],
    ['\x04', false],
  ])('the answer %j is %s', async (answer, agreed) => {
    const terminal = streams(true)
    const surroundings = around()
    const asked = asker(terminal, surroundings)!('Remove v1?')
    ;(terminal.input as unknown as PassThrough).write(answer)
    expect(await asked).toBe(agreed)
    expect(String((terminal.output as unknown as PassThrough).read())).toContain('Remove v1? [y/N] ')
  })

  test('a question ends with the signal', async () => {
    const surroundings = around()
    const asked = asker(streams(true), surroundings)!('Remove v1?')
    surroundings.controller.abort('SIGINT')
    await expect(asked).rejects.toThrow()
  })
})
