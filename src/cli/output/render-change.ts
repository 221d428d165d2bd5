import type { OperationResult } from '../../model/results/change.js'
import type { Palette } from '../../report/terminal/palette.js'

/** What came of a change, for people. */
export async function renderChange(result: OperationResult, palette: Palette): Promise<string> {
  const { renderResult } = await import('../../report/text/result-text.js')
  return renderResult(result, palette)
}
