import { canaryAgain, canaryCommand, commented } from '../../model/command-line.js'
import type { LockHolder } from '../../model/results/runs.js'
import { CanaryError } from '../../model/errors.js'
import type { LockRequest } from '../ports/locks.js'

/** Another operator holds the app; `claim` is who already asked them to stop. */
export function busy(
  { app, namespace, command, preempt }: LockRequest,
  holder: LockHolder,
  claim: { who: string; command: string } | undefined,
): CanaryError {
  const { who, pid, command: theirs, since } = holder
  // A run's command has no app, and names its namespaces itself.
  const isWhole = !command.split(' ').includes(app) || / (-n|--namespace)\b/.test(command)
  const place = isWhole ? { app } : { app, namespace }
  const process = pid > 0 ? ` (pid ${pid})` : ''
  const asked = claim ? `; ${claim.who} has already claimed it with "canary ${claim.command}"` : ''
  return new CanaryError(
    'busy',
    `${who}${process} has been running "canary ${theirs}" on ${app} since ${since}${asked}.`,
    {
      state: 'Nothing was changed by this command.',
      nextSteps: [
        commented(canaryAgain(command, place, '--wait-for-lock', '2m'), 'waits until they are done'),
        canaryCommand(['status', app], { app, namespace }),
        ...(preempt
          ? [
              commented(
                canaryCommand(['abort', app, '--break-lock'], { app, namespace }),
                'takes the app from them at once',
              ),
            ]
          : [commented(canaryCommand(['abort', app], { app, namespace }), 'stops them and rolls back')]),
      ],
      evidence: { holder: { who, pid, command: theirs, since } },
    },
  )
}

/** Ctrl-C while waiting; `asked` is the holder who had been asked to stop. */
export function interrupted({ app, signal }: LockRequest, asked: LockHolder | undefined): CanaryError {
  return new CanaryError(
    signal?.reason === 'SIGTERM' ? 'terminated' : 'interrupted',
    `Interrupted while waiting for ${app}.`,
    {
      state: asked
        ? `Nothing was changed, but ${asked.who} was asked to stop "canary ${asked.command}", and will stop.`
        : 'Nothing was changed.',
    },
  )
}
