import type { Stage } from '../../model/stage.js'

/** Commands that go on from a stage, likeliest first. The namespace is named only where it is not the app's own name. */
export function nextCommands(app: string, namespace: string, stage: Stage): string[] {
  const at = suffix(app, namespace)
  switch (stage.name) {
    case 'absent':
      return [`canary install ${app} VERSION${at}`]
    case 'stable':
      return [`canary start ${app} VERSION${at}`]
    case 'deployed':
      return [`canary start ${app} ${stage.canary}${at}`]
    case 'header':
      return [`canary shift ${app} 10${at}`]
    case 'weighted':
      return [
        `canary shift ${app} ${nextWeight(stage.weight)}${at}`,
        `canary finish ${app} ${stage.canary}${at}`,
      ]
    case 'shifted':
      return [`canary finish ${app} ${stage.canary}${at}`]
    case 'unknown':
      return [`canary values ${app}${at}`]
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
      return versionBefore && `canary undo ${app} ${versionBefore}${suffix(app, namespace)}`
    case 'deployed':
    case 'header':
    case 'weighted':
    case 'shifted':
      return `canary abort ${app}${suffix(app, namespace)}`
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
