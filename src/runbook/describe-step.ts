import { describeHeaders } from '../model/describe-stage.js'
import type { RunStepName } from '../model/run-events.js'
import type { RunbookStep } from './runbook.js'

/** A step as it is told of: its id, and what it does in the words of the commands. */
export function nameOf(step: RunbookStep): RunStepName {
  return { id: step.id, title: step.name ?? titleOf(step) }
}

function titleOf(step: RunbookStep): string {
  switch (step.type) {
    case 'install':
      return `install ${step.version}`
    case 'start': {
      const how = step.shadow ? `, shadowing ${step.shadow} %` : step.deployOnly ? ', deploy only' : ''
      const marks = step.headers ? ` (${describeHeaders(step.headers)})` : ''
      return `start ${step.version}${marks}${how}`
    }
    case 'shift':
      return `shift ${step.weight}${step.analyze ? ', analysed' : ''}`
    case 'finish':
      return 'finish'
    case 'abort':
      return 'abort'
    case 'verify':
      return step.compare ? 'verify and compare' : 'verify'
    case 'pause':
      return `pause ${duration(step.durationMs)}`
    case 'approve':
      return `approve ${step.id}`
    case 'run':
      return `run ${step.command}`
  }
}

/** `1h30m`, `45s`, `500ms`. */
export function duration(ms: number): string {
  const parts = [
    [Math.floor(ms / 3_600_000), 'h'],
    [Math.floor(ms / 60_000) % 60, 'm'],
    [Math.floor(ms / 1000) % 60, 's'],
    [ms % 1000, 'ms'],
  ] as const
  return (
    parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join('') || '0s'
  )
}
