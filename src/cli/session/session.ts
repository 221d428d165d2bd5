import { systemClock } from '../../lib/clock.js'
import { CanaryError } from '../../model/errors.js'
import type { Emit } from '../../model/events/events.js'
import type { OperationContext } from '../../operations/context.js'
import type { Output } from '../output/output.js'
import { asker } from '../output/prompt.js'
import { loadOpeners, type Openers } from './openers.js'
import { operator } from './operator.js'
import type { Settings } from './settings.js'
import { type SignalTexts, watchSignals } from './signals.js'

/** Where people read what happens and answer questions. */
export interface SessionTerminal {
  line(text: string): void
  /** Clears what is redrawn in place. */
  pause(): void
  /** Keeps everything else off the terminal while a question is open. */
  asking<T>(ask: () => Promise<T>): Promise<T>
}

export interface SessionOptions {
  output: Output
  terminal: SessionTerminal
  /** Gets the warnings of clusters. */
  warn: (message: string) => void
  stop: SignalTexts
  /** The command line, to be pasted once more. */
  again: string
  /** What to report after a signal that nothing else accounts for. */
  interrupted: () => { state?: string; nextSteps: string[] }
  openers?: Openers
}

/** What one command works with, on one cluster or several. */
export interface Session {
  /** Aborted by the first signal. */
  signal: AbortSignal
  /** Asks a person; undefined if there is no terminal. `until` ends a question with an AbortError. */
  ask?: (question: string, until?: AbortSignal) => Promise<boolean>
  /** The context of an operation; apps of one cluster share its connection. */
  open: (settings: Settings, emit: Emit) => OperationContext
  /** The error to report for one of the work: CanaryError `interrupted` or `terminated` if a signal caused it. */
  failed: (error: unknown) => unknown
  /** Ends the clusters' connections and the watch for signals. Always to be called. */
  close: () => Promise<void>
}

/** Opens the session of a command: signals and questions at once, each cluster at its first use. */
export async function openSession({
  output,
  terminal,
  warn,
  stop,
  again,
  interrupted,
  openers,
}: SessionOptions): Promise<Session> {
  const { secrets, clean } = output
  const say = (line: string) => terminal.line(line)
  const signals = watchSignals(say, stop)
  const { signal } = signals
  const { cluster: openCluster, verifier: createVerifier } = openers ?? (await loadOpeners())
  const verifier = createVerifier()
  const clusters = new Map<string, ReturnType<typeof openCluster>>()
  const clusterOf = ({ kubeconfig, kubeContext }: Settings['cluster']) => {
    const key = JSON.stringify([kubeconfig, kubeContext])
    const opened = clusters.get(key) ?? openCluster({ kubeconfig, kubeContext, signal, secrets, say, warn })
    clusters.set(key, opened)
    return opened
  }
  const askNow = asker({ input: process.stdin, output: process.stderr }, { signal, clean })
  const ask =
    askNow && ((question: string, until?: AbortSignal) => terminal.asking(() => askNow(question, until)))
  return {
    signal,
    ask,
    open: ({ cluster, operation, yes }, emit) => ({
      ...operation,
      ...clusterOf(cluster),
      verifier,
      clock: systemClock,
      emit,
      signal,
      operator: operator(),
      again,
      confirm: yes ? () => Promise.resolve(true) : ask,
      decide: yes ? undefined : ask,
    }),
    failed: (error) => {
      const caught = signals.caught()
      if (!caught || (error instanceof CanaryError && error.outcome !== 'external')) return error
      const { state, nextSteps } = interrupted()
      return new CanaryError(caught === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
        state: (error instanceof CanaryError && error.state) || state,
        nextSteps,
        cause: error,
      })
    },
    close: async () => {
      await Promise.all([...clusters.values()].map(({ cluster }) => cluster.close()))
      terminal.pause()
      signals.dispose()
    },
  }
}
