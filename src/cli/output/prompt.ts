/** What asking needs of a terminal; tests bring their own. */
export interface PromptStreams {
  input: NodeJS.ReadStream
  output: NodeJS.WriteStream
}

/**
 * The way to ask a person: a function on a terminal, undefined where nobody can be asked. Questions go to stderr, so that
 * stdout stays the result; only `y` and `yes` agree. `clean` removes from a question what must not be shown; `until` ends
 * one that need not be answered any more (AbortError).
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
      // Ctrl-D, which readline rejects as an abort: no answer, so not agreed to.
      if (signal.aborted) throw error
      output.write('\n')
      return false
    } finally {
      lines.close()
    }
  }
}
