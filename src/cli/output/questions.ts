import { createInterface } from 'node:readline'
import { CanaryError, UsageError } from '../../model/errors.js'
import type { PromptStreams } from './prompt.js'

export interface Question<T> {
  text: string
  /** Shown, and used for an empty answer. */
  byDefault: string
  /** Throws UsageError for an invalid answer: it is printed, and the question asked again. */
  parse: (answer: string) => T
}

/** Asks a person one question after the other, on stderr. */
export interface Questions {
  /** Throws CanaryError `interrupted` on Ctrl-C or at the end of the input. */
  ask<T>(question: Question<T>): Promise<T>
  close(): void
}

/** Opens the terminal for questions. Answers typed ahead of their questions are kept for them. */
export function openQuestions({ input, output }: PromptStreams): Questions {
  const lines = createInterface({ input, output })
  const answers: string[] = []
  let hasEnded = false
  let wake = () => {}
  lines.on('line', (line) => {
    answers.push(line)
    wake()
  })
  // In raw mode the terminal gives Ctrl-C to readline instead of raising the signal.
  lines.on('SIGINT', () => lines.close())
  lines.on('close', () => {
    hasEnded = true
    wake()
  })

  async function answerTo(text: string): Promise<string> {
    // From Node 24 on a closed readline throws when asked to prompt; answers typed ahead still count.
    if (!hasEnded) {
      lines.setPrompt(text)
      lines.prompt()
    }
    while (answers.length === 0) {
      if (hasEnded) {
        output.write('\n')
        throw new CanaryError('interrupted', 'Interrupted.', { state: 'Nothing was written.' })
      }
      await new Promise<void>((resolve) => (wake = resolve))
    }
    return answers.shift()!.trim()
  }

  return {
    ask: async ({ text, byDefault, parse }) => {
      for (;;) {
        const answer = await answerTo(`${text} [${byDefault}] `)
        try {
          return parse(answer === '' ? byDefault : answer)
        } catch (error) {
          if (!(error instanceof UsageError)) throw error
          output.write(`${[error.message, ...error.nextSteps].join('\n  ')}\n`)
        }
      }
    },
    close: () => lines.close(),
  }
}
