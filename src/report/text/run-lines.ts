import { describeStage } from '../../model/describe-stage.js'
import { durationText } from '../../lib/durations.js'
import type { CanaryEvent } from '../../model/events/events.js'
import type { RunApp, RunEvent } from '../../model/events/run-events.js'
import { EventLines } from './event-lines.js'
import type { Activity } from '../terminal/live-area.js'
import type { Palette } from '../terminal/palette.js'
import { describeApprover, elapsed, toTheSecond, waveText } from './phrases.js'

/** Turns the events of a run into lines, prefixed with the app if there are several. */
export class RunLines {
  private readonly ofApps = new Map<string, EventLines>()
  private readonly waitedFor = new Map<string, string>()
  /** The current activity of each running app, in the order in which they began. */
  private readonly underWay = new Map<string, Activity[]>()
  private ended = 0
  private readonly all: number
  private readonly width: number
  private readonly isAlone: boolean

  /** @param apps all of them, for the width of the first column */
  constructor(
    private readonly palette: Palette,
    apps: RunApp[],
    private readonly now: () => number = Date.now,
  ) {
    this.width = Math.max(0, ...apps.map((app) => nameOf(app).length))
    this.isAlone = apps.length === 1
    this.all = apps.length
  }

  /** The current activities, for a terminal: with several apps only their names. */
  live(): Activity[] {
    if (this.isAlone) return [...this.underWay.values()].flat()
    if (this.underWay.size === 0) return []
    return [`under way: ${[...this.underWay.keys()].join(', ')}; ${this.ended} of ${this.all} ended`]
  }

  report(event: RunEvent): string[] {
    const { palette, isAlone } = this
    if (event.type === 'wave-started') {
      const where = event.cluster === undefined ? '' : ` in ${event.cluster}`
      return isAlone ? [] : ['', palette.strong(`${waveText(event.wave)}${where}: ${event.apps.join(', ')}`)]
    }
    this.follow(event)
    const lines = this.linesOf(event)
    if (isAlone) return event.type === 'run-step' ? ['', ...lines] : lines
    const prefix = `${nameOf(event).padEnd(this.width)} ${palette.dim('│')} `
    return lines.map((line) => `${prefix}${line}`.trimEnd())
  }

  private follow(event: Exclude<RunEvent, { type: 'wave-started' }>): void {
    const name = nameOf(event)
    switch (event.type) {
      case 'app-started':
      case 'approved':
        this.underWay.set(name, [])
        return
      case 'run-step':
        this.underWay.set(name, [event.step.title])
        return
      case 'waiting':
        this.underWay.set(name, [waitingActivity(event)])
        return
      case 'app-ended':
        this.ended += 1
        this.underWay.delete(name)
        return
      default:
    }
  }

  private linesOf(event: Exclude<RunEvent, { type: 'wave-started' }>): string[] {
    const { palette } = this
    switch (event.type) {
      case 'app-started': {
        const titles = event.met.map(({ title }) => title).join(', ')
        const met = `${event.met.length} of ${event.of} steps are met, or past: ${titles}`
        return [describeStage(event.stage), ...(titles ? [palette.dim(met)] : [])]
      }
      case 'run-step':
        return [palette.strong(`${event.index + 1}/${event.of} ${event.step.title}`)]
      case 'run-step-done':
        return []
      case 'step-met':
        return [palette.dim(`${event.index + 1}/${event.of} ${event.step.title}: met already`)]
      case 'waiting': {
        return [
          `  ${palette.warn('…')} waiting for ${event.for}${untilText(event.until, this.now())}${event.watches ? '; the stage is verified meanwhile' : ''}`,
        ]
      }
      case 'watched': {
        const times = `${event.proofs} time${event.proofs === 1 ? '' : 's'}`
        return [
          `  ${palette.good('✔')} verified ${times} meanwhile ${palette.dim(`(${event.probes} probes)`)}`,
        ]
      }
      case 'approved':
        return [
          `  ${palette.good('✔')} approved by ${describeApprover(event)}${event.why ? `: ${event.why}` : ''}`,
        ]
      case 'command-line':
        return [`  ${palette.dim('>')} ${event.text}`]
      case 'app-ended':
        // A single app is reported by the result or the error.
        if (this.isAlone) return []
        if (event.outcome === 'done') return [`${palette.good('✔')} done`]
        return [
          `${event.outcome === 'waiting' ? palette.warn('…') : palette.bad('✖')} ${event.message ?? ''}`,
        ]
      case 'app-left-out':
        return [`${palette.warn('-')} not started: ${event.why}`]
      case 'operation':
        return this.operationLines(event, event.event)
    }
  }

  /** The events of one operation, shorter than in a command of its own. */
  private operationLines(app: RunApp, event: CanaryEvent): string[] {
    const { palette } = this
    const { lines, live, state } = this.eventLines(app).report(event)
    if (live) this.underWay.set(nameOf(app), live)
    if (state) return this.changed(app, state.join('; '))
    switch (event.type) {
      case 'observed':
      case 'planned':
      case 'verifying':
      case 'converged':
        return []
      case 'step-started':
        return [`  ${event.step.title}`]
      case 'step-done':
        return [`  ${palette.good('✔')} verified ${palette.dim(`(${elapsed(event.elapsedMs)})`)}`]
      default:
        return lines.filter(Boolean)
    }
  }

  /** What the run waits for, if it changed since the last line. */
  private changed(app: RunApp, state: string): string[] {
    const name = nameOf(app)
    const isNew = this.waitedFor.get(name) !== state
    this.waitedFor.set(name, state)
    return isNew && state ? [`  ${this.palette.dim('…')} ${state}`] : []
  }

  private eventLines(app: RunApp): EventLines {
    const name = nameOf(app)
    let lines = this.ofApps.get(name)
    if (!lines) {
      lines = new EventLines(this.palette)
      this.ofApps.set(name, lines)
    }
    return lines
  }
}

/** A wait with an end counts down. */
function waitingActivity({ for: what, until, watches }: Extract<RunEvent, { type: 'waiting' }>): Activity {
  const text = `waiting for ${what}${watches ? ', verifying the stage meanwhile' : ''}`
  return until === undefined ? text : { text, until: Date.parse(until) }
}

/** `, 9m59s more, until 2026-11-23T10:00:00Z`: to the second. */
function untilText(until: string | undefined, now: number): string {
  if (until === undefined) return ''
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1000))
  return `, ${durationText(seconds * 1000)} more, until ${toTheSecond(until)}`
}

function nameOf({ app, cluster }: RunApp): string {
  return cluster === undefined ? app : `${cluster}/${app}`
}
