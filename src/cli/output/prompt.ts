/** The streams of a terminal. */
export interface PromptStreams {
  input: NodeJS.ReadStream
  output: NodeJS.WriteStream
}

/**
 * Asks yes-or-no questions on a terminal; undefined without one. Questions go to stderr, stdout is for the result; only `y`
 * and `yes` agree. `clean` masks a question; `until` ends one that needs no answer any more (AbortError).
 */
export function asker(
  { input, output }: PromptStreams,
  around: { signal: AbortSignal; clean: (question: string) => string },
): ((question: string, until?: AbortSignal) => Promise<boolean>) | undefined {
  if (!input.isTTY || !output.isTTY) return undefined
  return async (question, until) => {
    const { createInterface } = await import('node:readline/promises')
    const lines = createInterface({ input, output })
    // In raw mode the terminal gives Ctrl-C to readline instead of raising the signal.
    lines.on('SIGINT', () => {
      output.write('\n')
      process.kill(process.pid, 'SIGINT')
    })
    const signal = until ? AbortSignal.any([around.signal, until]) : around.signal
    try {
      const answer = await lines.question(`${around.clean(question)} [y/N] `, { signal })
      return /^y(es)?$/i.test(answer.trim())
    } catch (error) {
      // Ctrl-D, which readline rejects as an abort: no answer is a no.
      if (signal.aborted) throw error
      output.write('\n')
      return false
    } finally {
      lines.close()
    }
  }
}
