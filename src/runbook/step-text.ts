import type { RunbookStep } from './runbook.js'

/** A step in the words of the file, with what tells it from others of its kind. */
export function stepText(step: RunbookStep): string {
  switch (step.type) {
    case 'install':
      return `install ${step.version}`
    case 'start':
      return `start ${step.version}${step.deployOnly ? ', deploy only' : ''}`
    case 'shift':
      return `shift ${step.weight} %`
    case 'pause':
      return `pause ${durationText(step.durationMs)}`
    case 'approve':
      return `approve ${step.id}`
    case 'run':
      return `run ${step.command}`
    case 'finish':
    case 'abort':
    case 'verify':
      return step.type
  }
}

/** `1h30m`, `45s`, `0.5s`: as files have durations. */
export function durationText(milliseconds: number): string {
  const seconds = milliseconds / 1000
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [Number((seconds % 60).toFixed(3)), 's'],
  ]
  const shown = parts.filter(([amount]) => amount > 0)
  return shown.length === 0 ? '0s' : shown.map(([amount, unit]) => `${amount}${unit}`).join('')
}

/** `window office, cluster eu`; empty for a step of all. */
export function conditionText({ when }: RunbookStep): string {
  return [
    when.window && `window ${when.window.name}`,
    when.clusters && `cluster ${when.clusters.join(', ')}`,
    when.apps && `app ${when.apps.join(', ')}`,
    when.variablesMatch ? undefined : 'passed over: variables',
  ]
    .filter(Boolean)
    .join('; ')
}
