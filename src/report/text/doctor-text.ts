import type { Finding } from '../../model/results/doctor.js'
import type { Palette } from '../terminal/palette.js'

/** Every finding with its remedy, and the count of problems. */
export function renderDoctor(findings: Finding[], palette: Palette): string {
  const glyphs = { ok: palette.good('✔'), warning: palette.warn('!'), problem: palette.bad('✖') }
  const width = Math.max(0, ...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ check, status, detail, remedy }) => [
    `${glyphs[status]} ${check.padEnd(width)}  ${detail}`,
    ...(remedy ? remedy.split('\n').map((line) => `  ${' '.repeat(width)}  → ${line}`) : []),
  ])
  const problems = findings.filter(({ status }) => status === 'problem').length
  const warnings = findings.filter(({ status }) => status === 'warning').length
  return [...lines, '', `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`].join('\n')
}

function counted(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
}
