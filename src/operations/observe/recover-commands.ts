import { canaryAgain, canaryCommand, commented } from '../../model/command-line.js'
import type { Revision } from '../../model/release.js'
import { parseDescription } from '../../rollout/history/description.js'

export interface UnfinishedApp {
  app: string
  namespace: string
  deployed?: Revision
  /** The revision that a failed or killed helm left behind. */
  unfinished: { description: string }
}

/** Commands that recover from a revision that a failed or killed helm left behind. */
export function recoverCommands({ app, namespace, deployed, unfinished }: UnfinishedApp): string[] {
  const place = { app, namespace }
  const abort = canaryCommand(['abort', app], place)
  if (!deployed) return [commented(abort, 'removes the remains')]
  const failed = failedCommand(app, unfinished.description)
  const again =
    failed === undefined ? 'the command that failed, with --recover' : canaryAgain(failed, place, '--recover')
  return [
    commented(abort, 'recovers, then returns to the stable version'),
    commented(again, `back to revision ${deployed.revision}, then on from there`),
  ]
}

/**
 * The command that a revision's description names. Anybody may write a description: only plain words of a command for this app
 * are proposed, never flags that could lead elsewhere.
 */
function failedCommand(app: string, description: string): string | undefined {
  const command = parseDescription(description)?.command ?? ''
  const [verb = '', of, ...words] = command.split(' ')
  const isPlain = words.every((word) => word === '--fast' || /^[A-Za-z0-9][\w.]*$/.test(word))
  const isStep = ['install', 'start', 'shift', 'finish', 'undo'].includes(verb)
  return isStep && of === app && isPlain ? command : undefined
}
