import { describeStage } from '../../model/describe-stage.js'
import type { CanaryEvent, CheckProgress, PodProgress } from '../../model/events/events.js'
import type { Expectation, Verdict } from '../../model/verify/expectation.js'
import type { Palette } from '../terminal/palette.js'
import { countPhrase, elapsed, whichRequests } from './phrases.js'

/** What one event adds to the terminal. */
export interface PrintedLines {
  /** Permanent lines. */
  lines: string[]
  /** Lines with the current activity until the next event; undefined keeps the present ones. */
  live?: string[]
  /** For outputs that cannot redraw: lines to print unless they repeat the last ones. */
  state?: string[]
  /** The current activity that nothing interrupts. */
  finishing?: string
}

/** Turns events into lines. It keeps only what later events need: the checks, so that they are named alike. */
export class EventLines {
  private expectations: Expectation[] = []
  /** Between the plan and its first step: the observed stage is verified first. */
  private beforeSteps = false
  /** `helm upgrade` from the start of a step until it is done: the only activity that is never interrupted. */
  private helm?: string

  constructor(private readonly palette: Palette) {}

  report(event: CanaryEvent): PrintedLines {
    const { palette } = this
    const done = (text: string, ms: number) =>
      `  ${palette.good('✔')} ${text} ${palette.dim(`(${elapsed(ms)})`)}`
    switch (event.type) {
      case 'observed': {
        const revision = event.revision === undefined ? '' : ` (revision ${event.revision})`
        return {
          lines: [
            `${palette.strong(event.app)} in namespace ${event.namespace}: ${describeStage(event.stage)}${revision}`,
          ],
          live: [],
        }
      }
      case 'planned': {
        const { steps } = event.plan
        this.beforeSteps = steps.length > 0
        const count = `${steps.length} step${steps.length === 1 ? '' : 's'}`
        if (steps.length === 0)
          return { lines: ['plan: nothing to change, verifying the stage again'], live: [] }
        return {
          lines: [`plan: ${count}`, ...steps.map((step, index) => `  ${index + 1}. ${step.title}`)],
          live: [],
        }
      }
      case 'step-started':
        this.beforeSteps = false
        this.helm = `helm ${event.step.name === 'install' ? 'install' : 'upgrade'}`
        return {
          lines: ['', palette.strong(`step ${event.index + 1} of ${event.of}: ${event.step.title}`)],
          ...this.runningHelm(),
        }
      case 'upgraded': {
        const helm = this.helm ?? 'helm'
        this.helm = undefined
        return { lines: [done(`${helm}: revision ${event.revision}`, event.elapsedMs)], live: [] }
      }
      case 'pods': {
        const waitedFor = event.progress.filter(({ ready, wanted }) => wanted === 0 || ready < wanted)
        const state = waitedFor.map(podLine)
        if (state.length === 0) return { lines: [], ...this.runningHelm(), state }
        return { lines: [], live: state, state }
      }
      case 'pods-ready':
        return { lines: [done(`pods of ${event.versions.join(' and ')} ready`, event.elapsedMs)], live: [] }
      case 'pods-gone':
        return { lines: [done(`pods of ${event.versions.join(' and ')} gone`, event.elapsedMs)], live: [] }
      case 'verifying':
        this.expectations = event.expectations
        return {
          lines: [
            ...(this.beforeSteps ? ['', palette.strong('before the first step: the stage as it is')] : []),
            `  ${palette.dim(`counting answers of ${event.url}`)}`,
          ],
          live: ['waiting until the proxy serves these routes'],
        }
      case 'converged':
        return { lines: [done('the proxy serves these routes', event.elapsedMs)], live: [] }
      case 'check-progress':
        return { lines: [], live: event.checks.map((check) => progressLine(check, this.expectations)) }
      case 'check': {
        const { check } = event
        const which = whichRequests(check.expectation, this.expectations)
        const text = `${which ? `${which}: ` : ''}${countPhrase(check)}`
        if (check.verdict === 'pass') return { lines: [done(text, check.elapsedMs)] }
        const glyph = glyphOf(check.verdict, palette)
        return {
          lines: [
            `  ${glyph} ${text} ${palette.dim(`(${elapsed(check.elapsedMs)})`)}`,
            `    ${check.reason}`,
            ...(check.hint === undefined ? [] : [`    likely: ${check.hint}`]),
          ],
        }
      }
      case 'shadow-check': {
        const { verdict, reason } = event.shadow
        return { lines: [`  ${glyphOf(verdict, palette)} ${reason}`] }
      }
      case 'analyzing':
        return {
          lines: [],
          live: [`comparing ${event.canary} with ${event.primary}, up to ${elapsed(event.durationMs)}`],
        }
      case 'analysis-progress': {
        const { pairs, primaryErrors, canaryErrors } = event
        return {
          lines: [],
          live: [
            `comparing: ${pairs} pairs, errors ${canaryErrors} of the canary, ${primaryErrors} of the primary`,
          ],
        }
      }
      case 'analyzed': {
        const { analysis } = event
        const gates = analysis.gates.map(
          ({ name, verdict, reason }) => `  ${glyphOf(verdict, palette)} ${name}: ${reason}`,
        )
        return { lines: gates, live: [] }
      }
      case 'verified':
        return { lines: [], live: [] }
      case 'step-done':
        return {
          lines: [
            `  ${palette.good('✔')} verified ${palette.dim(`(step ${event.index + 1}: ${elapsed(event.elapsedMs)})`)}`,
          ],
          live: [],
        }
      case 'warning':
        return { lines: [`${palette.warn('!')} ${event.message}`] }
      case 'note':
        return { lines: [`  ${event.message}`] }
    }
  }

  private runningHelm(): Pick<PrintedLines, 'live' | 'finishing'> {
    return { live: this.helm ? [`running ${this.helm}`] : [], finishing: this.helm }
  }
}

function glyphOf(verdict: Verdict, palette: Palette): string {
  if (verdict === 'pass') return palette.good('✔')
  return verdict === 'fail' ? palette.bad('✖') : palette.warn('!')
}

function podLine({ version, ready, wanted, problems }: PodProgress): string {
  const why = problems.length > 0 ? `: ${problems.join('; ')}` : ''
  return `waiting for pods of ${version}: ${ready} of ${wanted} ready${why}`
}

function progressLine(check: CheckProgress, among: Expectation[]): string {
  const { expectation, sent, byVersion, interval, errors } = check
  const { primary, canary, share } = expectation
  const which = whichRequests(expectation, among) || 'requests'
  const failed = errors > 0 ? `, ${errors} error${errors === 1 ? '' : 's'}` : ''
  const answered = Object.values(byVersion).reduce((sum, count) => sum + count, 0)
  if (answered === 0) return `${which}: ${sent} sent${failed}`
  const wanted = canary !== undefined && share > 0 ? canary : primary
  const others = Object.keys(byVersion).filter(
    (version) => version !== primary && version !== canary && byVersion[version]! > 0,
  )
  const [low, high] = wanted === canary ? interval : [1 - interval[1], 1 - interval[0]]
  const target = wanted === canary ? share : 1 - share
  const points = (part: number) => Math.round(part * 100)
  const so = points((byVersion[wanted] ?? 0) / answered)
  const bounds = `${Math.floor(low * 100)}–${Math.ceil(high * 100)}`
  const beside = others.map((version) => `, ${version} ${byVersion[version]}`).join('')
  return `${which}: ${sent} sent${failed}, ${wanted} ${so} % (${bounds}, wanted ${points(target)})${beside}`
}
