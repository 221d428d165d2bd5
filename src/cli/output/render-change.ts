import type { OperationResult } from '../../model/results/change.js'
import type { Palette } from '../../report/terminal/palette.js'

/** The result of a change as text. */
export async function renderChange(result: OperationResult, palette: Palette): Promise<string> {
  const { renderResult } = await import('../../report/text/result-text.js')
  return renderResult(result, palette)
}
