import type { OpenCluster } from '../../cluster/open.js'
import { systemClock } from '../../lib/clock.js'
import { CanaryError } from '../../model/errors.js'
import type { Emit } from '../../model/events/events.js'
import type { OperationContext } from '../../operations/context.js'
import type { Routing } from '../../routing/provider.js'
import type { Output } from '../output/output.js'
import { asker } from '../output/prompt.js'
import { operator } from './operator.js'
import type { Settings } from './settings.js'
import { type SignalTexts, watchSignals } from './signals.js'

/** Where people read what happens, and are asked. */
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
  /** What to report after a signal that nothing else accounts for. */
  interrupted: () => { state?: string; nextSteps: string[] }
}

/** What the work of one command has at its disposal, for one app or many. */
export interface Session {
  /** Aborted by the first signal. */
  signal: AbortSignal
  /** Asks a person; undefined where nobody can be asked. `until` ends a question with an AbortError. */
  ask?: (question: string, until?: AbortSignal) => Promise<boolean>
  /** The context of an operation; apps of one cluster share its connection. */
  open: (settings: Settings, emit: Emit) => OperationContext
}

/**
 * Does the work of one command: signals, questions and clusters are opened for it and closed after it, whatever happens.
 * Throws what the work throws, or CanaryError `interrupted` or `terminated` where a signal was behind it.
 */
export async function withSession<T>(
  { output, terminal, warn, stop, interrupted }: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { secrets, clean } = output
  const signals = watchSignals((line) => terminal.line(line), stop)
  const { signal } = signals
  const clusters = new Map<string, { cluster: OpenCluster; routing: Routing }>()
  try {
    const [{ openCluster }, { openRouting, ROUTING_RESOURCES }, { createVerifier }] = await Promise.all([
      import('../../cluster/open.js'),
      import('../../routing/select.js'),
      import('../../verification/probing/create-verifier.js'),
    ])
    const verifier = createVerifier()
    const askNow = asker({ input: process.stdin, output: process.stderr }, { signal, clean })
    const ask =
      askNow && ((question: string, until?: AbortSignal) => terminal.asking(() => askNow(question, until)))
    const clusterOf = ({ kubeconfig, kubeContext }: Settings['cluster']) => {
      const key = JSON.stringify([kubeconfig, kubeContext])
      const known = clusters.get(key)
      if (known) return known
      const say = (line: string) => terminal.line(line)
      const cluster = openCluster({ kubeconfig, kubeContext, signal, secrets, say, warn }, ROUTING_RESOURCES)
      const opened = { cluster, routing: openRouting(cluster.kube) }
      clusters.set(key, opened)
      return opened
    }
    return await work({
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
        confirm: yes ? () => Promise.resolve(true) : ask,
        decide: yes ? undefined : ask,
      }),
    })
  } catch (error) {
    const caught = signals.caught()
    if (!caught || (error instanceof CanaryError && error.outcome !== 'external')) throw error
    const { state, nextSteps } = interrupted()
    throw new CanaryError(caught === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
      state: (error instanceof CanaryError && error.state) || state,
      nextSteps,
      cause: error,
    })
  } finally {
    await Promise.all([...clusters.values()].map(({ cluster }) => cluster.close()))
    terminal.pause()
    signals.dispose()
  }
}
