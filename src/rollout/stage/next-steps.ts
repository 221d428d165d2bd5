import { canaryCommand } from '../../model/command-line.js'
import type { Stage } from '../../model/stage.js'

/** Commands that go on from a stage, likeliest first. The namespace is named only where it is not the app's own name. */
export function nextCommands(app: string, namespace: string, stage: Stage): string[] {
  switch (stage.name) {
    case 'absent':
      return [canaryCommand(['install', app, 'VERSION'], { app, namespace })]
    case 'stable':
      return [canaryCommand(['start', app, 'VERSION'], { app, namespace })]
    case 'deployed':
      return [canaryCommand(['start', app, stage.canary], { app, namespace })]
    case 'header':
      return [canaryCommand(['shift', app, '10'], { app, namespace })]
    case 'weighted':
      return [
        canaryCommand(['shift', app, nextWeight(stage.weight)], { app, namespace }),
        canaryCommand(['finish', app, stage.canary], { app, namespace }),
      ]
    case 'shifted':
      return [canaryCommand(['finish', app, stage.canary], { app, namespace })]
    case 'unknown':
      return [canaryCommand(['values', app], { app, namespace })]
  }
}

/**
 * The command that goes back from a stage; undefined where there is nothing to go back from. `versionBefore` is the
 * primary before a stable stage that came from a finished rollout.
 */
export function undoCommand(
  app: string,
  namespace: string,
  stage: Stage,
  versionBefore?: string,
): string | undefined {
  switch (stage.name) {
    case 'stable':
      return versionBefore && canaryCommand(['undo', app, `${versionBefore}${suffix(app, namespace)}`])
    case 'deployed':
    case 'header':
    case 'weighted':
    case 'shifted':
      return canaryCommand(['abort', `${app}${suffix(app, namespace)}`])
    default:
      return undefined
  }
}

function nextWeight(weight: number): number {
  return [25, 50, 100].find((next) => next > weight) ?? 100
}

function suffix(app: string, namespace: string): string {
  return namespace === app ? '' : ` -n ${namespace}`
}
