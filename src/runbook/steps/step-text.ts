import { describeHeaders } from '../../model/describe-stage.js'
import { durationText } from '../../lib/durations.js'
import type { RunStepName } from '../../model/events/run-events.js'
import type { RunbookStep } from '../runbook.js'

/** Characters of a command that are shown. */
const LONGEST_COMMAND = 60

/** A step for events and messages: its id, and its name or what it does. */
export function nameOf(step: RunbookStep): RunStepName {
  return { id: step.id, title: step.name ?? stepText(step), line: step.position.line }
}

/** A step in the words of the file, with what distinguishes it from others of its kind. */
export function stepText(step: RunbookStep): string {
  switch (step.type) {
    case 'install':
      return `install ${step.version}`
    case 'start': {
      const how = step.shadow ? `, shadowing ${step.shadow} %` : step.deployOnly ? ', deploy only' : ''
      const marks = step.headers ? ` (${describeHeaders(step.headers)})` : ''
      return `start ${step.version}${marks}${how}`
    }
    case 'shift':
      return `shift ${step.weight}${step.analyze ? ' (analysed)' : ''}`
    case 'pause':
      return `pause ${durationText(step.durationMs)}`
    case 'approve':
      // A generated id says nothing.
      return /^approve(-\d+)?$/.test(step.id) && step.message
        ? `approve: ${step.message}`
        : `approve ${step.id}`
    case 'run':
      return `run ${shortened(step.command)}`
    case 'verify':
      return step.analyze ? 'verify and analyze' : 'verify'
    case 'finish':
    case 'abort':
      return step.type
  }
}

/** Its first line, as far as it fits. */
function shortened(command: string): string {
  const [first = '', ...more] = command.trim().split('\n')
  const characters = [...first]
  const isWhole = more.length === 0 && characters.length <= LONGEST_COMMAND
  return isWhole ? first : `${characters.slice(0, LONGEST_COMMAND).join('')}…`
}

/** `window office; cluster eu`; empty for a step without conditions. */
export function conditionText({ when }: RunbookStep): string {
  return [
    when.window && `window ${when.window.name}`,
    when.clusters && `cluster ${when.clusters.join(', ')}`,
    when.apps && `app ${when.apps.join(', ')}`,
    when.variablesMatch ? undefined : 'skipped: variables differ',
  ]
    .filter(Boolean)
    .join('; ')
}
