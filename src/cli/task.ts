import type { OperationContext } from '../operations/context.js'
import type { Palette } from '../report/palette.js'
import type { ParsedFlags, Settings } from './settings.js'

/** One command's work on the cluster. */
export interface Task<R> {
  /** The command as a person would say it, `start echo v2`, and what it does first. */
  title: string
  activity: string
  app?: string
  parsed: ParsedFlags
  run: (context: OperationContext, settings: Settings) => Promise<R>
  /** The result for people; with --json or -o yaml the result itself is the document. */
  render: (result: R, palette: Palette) => Promise<string> | string
}
