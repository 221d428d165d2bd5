type Interrupt = 'SIGINT' | 'SIGTERM'

const EXIT_CODE = { SIGINT: 130, SIGTERM: 143 } as const

export interface SignalWatch {
  /** Aborted by the first signal; the reason is the signal's name. */
  signal: AbortSignal
  /** The first signal, once there was one. */
  caught(): Interrupt | undefined
  dispose(): void
}

export interface SignalTexts {
  /** Said at once on the first signal: what is being finished. */
  first: () => string
  /** Said before leaving at once on the second. */
  second: () => string
}

/**
 * Watches SIGINT and SIGTERM: the first one aborts the shared signal and lets the work end by itself, the
 * second one leaves at once with 130 or 143.
 */
export function watchSignals(say: (line: string) => void, texts: SignalTexts): SignalWatch {
  const controller = new AbortController()
  let caught: Interrupt | undefined

  function handle(name: Interrupt): void {
    if (caught) {
      say(texts.second())
      return process.exit(EXIT_CODE[name])
    }
    caught = name
    say(texts.first())
    controller.abort(name)
  }
  process.on('SIGINT', handle)
  process.on('SIGTERM', handle)
  return {
    signal: controller.signal,
    caught: () => caught,
    dispose: () => {
      process.off('SIGINT', handle)
      process.off('SIGTERM', handle)
    },
  }
}
