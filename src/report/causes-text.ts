import type { Palette } from './palette.js'

/** A cause as it is printed. */
export interface CauseView {
  title: string
  evidence: string[]
  remedy: string[]
  certainty: 'certain' | 'likely' | 'possible'
}

const WORDS = { certain: 'Cause', likely: 'Likely cause', possible: 'Possible cause' }

/** Each cause with what shows it and what to do about it; nothing where none is known. */
export function renderCauses(causes: CauseView[], palette: Palette): string[] {
  return causes.flatMap(({ title, evidence, remedy, certainty }) => [
    `${palette.strong(`${WORDS[certainty]}:`)} ${title}`,
    ...evidence.map((line) => `  ${palette.dim(line)}`),
    ...remedy.map((line) => `  → ${line}`),
  ])
}
