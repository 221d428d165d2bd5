/** A terminal that closes (SIGHUP) counts as SIGTERM. */
const EXIT_CODE = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } as const

type Interrupt = keyof typeof EXIT_CODE

export interface SignalWatch {
  /** Aborted by the first signal; the reason is the signal's name. */
  signal: AbortSignal
  /** The first signal, once there was one. */
  caught(): Interrupt | undefined
  dispose(): void
}

export interface SignalTexts {
  /** Printed at the first signal: what is being finished. */
  first: () => string
  /** Printed at the second, before leaving. */
  second: () => string
}

/**
 * Watches SIGINT, SIGTERM and SIGHUP: the first one aborts the shared signal and lets the work end by itself, the
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
  const names = Object.keys(EXIT_CODE) as Interrupt[]
  for (const name of names) process.on(name, handle)
  return {
    signal: controller.signal,
    caught: () => caught,
    dispose: () => {
      for (const name of names) process.off(name, handle)
    },
  }
}
