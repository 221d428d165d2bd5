import { canaryCommand } from '../../model/command-line.js'
import type { Stage } from '../../model/stage.js'

/**
 * Commands that continue from a stage, likeliest first. The namespace is named only where it differs from the app's
 * name.
 */
export function nextCommands(app: string, namespace: string, stage: Stage): string[] {
  const command = (...words: (string | number)[]) => canaryCommand(words, { app, namespace })
  switch (stage.name) {
    case 'absent':
      return [command('install', app, 'VERSION')]
    case 'stable':
      return [command('start', app, 'VERSION')]
    case 'deployed':
      return [command('start', app, stage.canary)]
    case 'header':
      return [command('shift', app, '10')]
    case 'weighted':
      return [command('shift', app, nextWeight(stage.weight)), command('finish', app, stage.canary)]
    case 'shifted':
      return [command('finish', app, stage.canary)]
    case 'unknown':
      return [command('values', app)]
  }
}

/**
 * The command that returns to the version before; undefined where there is none. `versionBefore` is the primary before
 * a stable stage that a finished rollout led to.
 */
export function undoCommand(
  app: string,
  namespace: string,
  stage: Stage,
  versionBefore?: string,
): string | undefined {
  const command = (...words: (string | number)[]) => canaryCommand(words, { app, namespace })
  switch (stage.name) {
    case 'stable':
      return versionBefore && command('undo', app, versionBefore)
    case 'deployed':
    case 'header':
    case 'weighted':
    case 'shifted':
      return command('abort', app)
    default:
      return undefined
  }
}

function nextWeight(weight: number): number {
  return [25, 50, 100].find((next) => next > weight) ?? 100
}
