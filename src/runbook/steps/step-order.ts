import { concerns, type RunbookCluster, type RunbookStep, type RunbookWave } from '../runbook.js'

/** Reports what is wrong with the step of this index. */
export type ReportStep = (index: number, message: string) => void

/**
 * Checks the order of the steps, for each app in each cluster by the steps that concern it: shares after a start, and
 * rising. A step that is wrong for several apps is reported once.
 */
export function checkSequence(
  steps: RunbookStep[],
  waves: RunbookWave[],
  clusters: RunbookCluster[],
  report: ReportStep,
): void {
  const reported = new Set<number>()
  for (const apps of groupsOf(steps, waves)) {
    for (const { name: cluster } of clusters) {
      checkOne(
        steps,
        (step) => concerns(step, apps, cluster),
        (index, message) => {
          if (!reported.has(index)) report(index, message)
          reported.add(index)
        },
      )
    }
  }
}

/** Apps that steps name, and one that stands for all the others. */
function groupsOf(steps: RunbookStep[], waves: RunbookWave[]): string[] {
  const named = new Set(steps.flatMap(({ when }) => when.apps ?? []))
  const apps = waves.flatMap((wave) => wave.apps.map(({ name }) => name))
  const other = apps.find((app) => !named.has(app))
  return [...apps.filter((app) => named.has(app)), ...(other === undefined ? [] : [other])]
}

function checkOne(
  steps: RunbookStep[],
  isConcerned: (step: RunbookStep) => boolean,
  report: ReportStep,
): void {
  /** Undefined while no rollout is under way. */
  let weight: number | undefined
  let version: string | undefined
  steps.forEach((step, index) => {
    if (!isConcerned(step)) return
    switch (step.type) {
      case 'start':
        if (weight !== undefined && weight > 0) {
          report(index, 'starts a rollout while another is under way: put finish or abort before it')
        } else if (version !== undefined && step.version !== version) {
          report(index, `starts ${step.version} while ${version} is under way: put finish or abort before it`)
        }
        weight = 0
        version = step.version
        return
      case 'shift':
        if (weight === undefined) {
          report(index, `shifts to ${step.weight} before any start: put start before it`)
        } else if (step.weight < weight) {
          report(
            index,
            `lowers the share from ${weight} to ${step.weight}: shares only rise; use abort to roll back`,
          )
        }
        weight = step.weight
        return
      case 'finish':
        if (weight === undefined) report(index, 'finishes before any start: put start before it')
        else if (weight === 0 && !step.jump) {
          report(index, 'finishes from weight 0: put a shift before it or write finish: {jump: true}')
        }
        weight = undefined
        version = undefined
        return
      case 'abort':
        if (weight === undefined) report(index, 'aborts before any start: put start before it')
        weight = undefined
        version = undefined
        return
      case 'install':
        if (weight !== undefined) report(index, 'installs while a rollout is under way: put it first')
        return
      case 'verify':
        if (step.analyze && weight === undefined) {
          report(index, 'analyzes a canary, but no rollout is under way: put it between start and finish')
        }
        return
      case 'pause':
      case 'approve':
      case 'run':
        return
    }
  })
}
