import type { InitResult } from '../../model/results/init.js'
import type { Palette } from '../terminal/palette.js'

/** The written files, what they leave out, and how to continue; for a dry run the files themselves. */
export function renderInit(result: InitResult, palette: Palette): string {
  if (result.dryRun) {
    return result.files
      .map(({ path, content }) => `---\n# ${path}\n${content}`)
      .join('\n')
      .trimEnd()
  }
  const names = result.files.map(({ path }) => path).join(' and ')
  const remarks = remarkLines(result)
  return [
    `${palette.good('✔')} wrote ${palette.strong(names)}`,
    ...remarks.map((line) => `  ${line}`),
    ...result.next.map((command, index) => `  ${index === 0 ? 'next' : '    '}    ${command}`),
  ].join('\n')
}

/** What the files leave out, and notes about them. */
export function remarkLines({ notCarriedOver, notes }: InitResult): string[] {
  return [
    ...(notCarriedOver.length > 0 ? ['not carried over:'] : []),
    ...notCarriedOver.map(({ field, reason }) => `  ${field}: ${reason}`),
    ...notes.map((note) => `! ${note}`),
  ]
}
