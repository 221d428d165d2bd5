/** What asking needs of a terminal; tests bring their own. */
export interface PromptStreams {
  input: NodeJS.ReadStream
  output: NodeJS.WriteStream
}

/**
 * The way to ask a person: a function on a terminal, one that always agrees with --yes, and undefined where
 * nobody can be asked. Questions go to stderr, so that stdout stays the result; only `y` and `yes` agree.
 */
export function asker(
  { input, output }: PromptStreams,
  yes: boolean,
  around: { signal: AbortSignal; pause: () => void },
): ((question: string) => Promise<boolean>) | undefined {
  if (yes) return () => Promise.resolve(true)
  if (!input.isTTY || !output.isTTY) return undefined
  return async (question) => {
    around.pause()
    const { createInterface } = await import('node:readline/promises')
    const lines = createInterface({ input, output })
    // In raw mode the terminal gives Ctrl-C to readline instead of raising the signal.
    lines.on('SIGINT', () => {
      output.write('\n')
      process.kill(process.pid, 'SIGINT')
    })
    try {
      const answer = await lines.question(`${question} [y/N] `, { signal: around.signal })
      return /^y(es)?$/i.test(answer.trim())
    } finally {
      lines.close()
    }
  }
}
