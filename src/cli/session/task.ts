import type { OperationContext } from '../../operations/context.js'
import type { Palette } from '../../report/terminal/palette.js'
import type { ParsedFlags, Settings } from './settings.js'

/** One command's work on the cluster. */
export interface Task<R> {
  /** The command as a person would say it, `start echo v2`; absent for those that only read. */
  title?: string
  /** What is done first. */
  activity: string
  app?: string
  parsed: ParsedFlags
  run: (context: OperationContext, settings: Settings) => Promise<R>
  /** The result for people. */
  render: (result: R, palette: Palette) => Promise<string> | string
  /** The result as a document; by default the result itself, with the warnings there were. */
  document?: (result: R) => unknown
  /** The result is values, and rendered as YAML: lines within them stay. */
  isValues?: boolean
  /** Print the result with its secrets. */
  showsSecrets?: boolean
}
