import { closeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { Secrets } from '../../lib/secrets/secrets.js'
import type { Palette } from '../../report/terminal/palette.js'
import { isOn } from '../command-line/flag-values.js'
import {
  plainTexts,
  takesCommands,
  withoutCommands,
  withoutControls,
} from '../../report/terminal/terminal-text.js'
import { wrapText } from '../../report/terminal/wrap.js'

export type OutputFormat = 'text' | 'json' | 'yaml'

/** How a command prints: one document or text on stdout, progress on stderr. */
export interface Output {
  format: OutputFormat
  /** Colours of stdout. */
  palette: Palette
  /** Colours of stderr. */
  stderrPalette: Palette
  debug: boolean
  /** Widths of stdout and stderr; undefined if they are not terminals, or the width is unknown. */
  columns?: number
  stderrColumns?: number
  /** Masks everything printed. */
  secrets: Secrets
  /** A text that is safe to print: secrets masked, without control sequences or commands for a CI system. */
  clean: (text: string) => string
  /** The same with secrets. */
  safe: (text: string) => string
  /** Whether a CI system takes commands from whatever is printed. */
  noCommands: boolean
}

/**
 * Reads the output flags from the raw command line: a parse error must be printed in the requested format.
 */
export async function outputOf(argv: string[], env: Record<string, string | undefined>): Promise<Output> {
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  const asked = valueOf(words, ['--output', '-o']) ?? env.CANARY_OUTPUT
  const colour = valueOf(words, ['--color']) ?? env.CANARY_COLOR
  const choice = colour === 'always' || colour === 'never' ? colour : 'auto'
  const { createPalette, wantsColour } = await import('../../report/terminal/palette.js')
  const format = words.some((word) => isOn(word, '--json')) ? 'json' : asked
  const secrets = new Secrets()
  const noCommands = takesCommands(env)
  const safe = (text: string) => {
    const shown = withoutControls(text)
    return noCommands ? withoutCommands(shown) : shown
  }
  return {
    format: format === 'json' || format === 'yaml' ? format : 'text',
    palette: createPalette(wantsColour(choice, process.stdout.isTTY, env)),
    stderrPalette: createPalette(wantsColour(choice, process.stderr.isTTY, env)),
    debug: words.some((word) => isOn(word, '--debug')) || Boolean(env.CANARY_DEBUG ?? env.DEBUG),
    columns: process.stdout.columns || undefined,
    stderrColumns: process.stderr.columns || undefined,
    secrets,
    clean: (text) => safe(secrets.maskText(text)),
    safe,
    noCommands,
  }
}

/** How a result is printed. */
export interface PrintOptions {
  /** With its secrets. */
  asIs?: boolean
  /** Lines are never wrapped: a file, values, output of a program. */
  isFile?: boolean
}

/** Prints a result, as text or as a document. Secrets are masked unless `asIs`. */
export async function printResult(
  { format, secrets, clean, safe, noCommands, columns }: Output,
  document: unknown,
  text: () => string,
  { asIs = false, isFile = false }: PrintOptions = {},
): Promise<void> {
  if (format === 'text') {
    const shown = (asIs ? safe : clean)(text())
    writeLine(process.stdout, isFile ? shown : wrapText(shown, columns))
  } else {
    const { renderDocument } = await import('../../report/document.js')
    const shown = asIs ? document : secrets.mask(document)
    writeLine(process.stdout, await renderDocument(shown, format, { noCommands }))
  }
}

/** Whether lines on stderr can be redrawn in place. */
export function canRedraw(): boolean {
  return process.stderr.isTTY && process.env.TERM !== 'dumb'
}

/** Prints a note on stderr. */
export function printNote({ clean, stderrColumns }: Output, text: string): void {
  writeLine(process.stderr, wrapText(clean(text), stderrColumns))
}

/**
 * Prints an error on stderr, and as a document with the warnings on stdout if the format is one. Returns the exit code.
 */
export async function printError(output: Output, error: unknown, warnings: string[] = []): Promise<number> {
  const { errorDocument, renderError } = await import('../../report/text/error-text.js')
  const document = errorDocument(error)
  const stack = output.debug && error instanceof Error ? error.stack : undefined
  printNote(output, renderError(plainTexts(document), output.stderrPalette, stack))
  if (output.format !== 'text') await printResult(output, { error: document, warnings }, () => '')
  return document.code
}

/** Errors of writing to a closed pipe or a terminal that is gone. */
const NOBODY_READS = ['EPIPE', 'EIO', 'ENXIO', 'EBADF']

/**
 * Readers that leave early (`| head`, a closed terminal) end the output, not the command: neither by an error now, nor by
 * Node's own abort (SIGABRT) at exit, when it cannot restore the settings of a terminal that is gone.
 */
export function ignoreClosedPipes(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor))
  process.once('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor)
  })
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!NOBODY_READS.includes(error.code ?? '')) throw error
      error.code = 'EPIPE' // the only one that oclif's own listener, which is called after this one, does not throw
    })
  }
}

function writeLine(stream: NodeJS.WriteStream, text: string): void {
  stream.write(`${text}\n`)
}

/** The last value of a flag: `--output json`, `--output=json`, `-o json`, `-ojson`, `-o=json`. */
function valueOf(words: string[], names: string[]): string | undefined {
  let found: string | undefined
  for (const [index, word] of words.entries()) {
    if (names.includes(word)) found = words[index + 1]
    const name = names.find((candidate) => word.startsWith(candidate) && word !== candidate)
    if (name === undefined) continue
    const rest = word.slice(name.length)
    if (rest.startsWith('=')) found = rest.slice(1)
    else if (!name.startsWith('--')) found = rest
  }
  return found
}
