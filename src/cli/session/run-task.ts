import { canaryCommand, commented, withNamedCluster } from '../../model/command-line.js'
import { CanaryError } from '../../model/errors.js'
import type { CanaryEvent } from '../../model/events.js'
import { Progress } from '../../report/terminal/progress.js'
import { openEventFile } from '../output/event-file.js'
import { ROUTING_RESOURCES } from '../../routing/select.js'
import { operationContext } from './operation-context.js'
import type { Output } from '../output/output.js'
import { asker } from '../output/prompt.js'
import { configNote, learnSecrets, namedCluster, resolveSettings } from './settings.js'
import { watchSignals } from './signals.js'
import type { Task } from './task.js'

/**
 * Runs one operation: settings, cluster, verifier, progress on stderr, signals. Everything opened for it is
 * closed, whatever happens. `version` is canary's own. With the result comes the file that settings were taken from.
 */
export async function runTask<R>(
  task: Task<R>,
  output: Output,
  version: string,
  warn: (message: string) => void,
): Promise<{ result: R; configFile?: string }> {
  const settings = await resolveSettings(task.app, task.parsed, { cwd: process.cwd(), env: process.env })
  const { secrets } = output
  const progress = new Progress(process.stderr, {
    clean: output.clean,
    palette: output.stderrPalette,
    live: process.stderr.isTTY && process.env.TERM !== 'dumb',
  })
  learnSecrets(settings, secrets)
  const named = namedCluster(settings, task.parsed)
  const status = () =>
    withNamedCluster(named, () =>
      canaryCommand(['status', ...(task.app ? [task.app] : [])], {
        app: task.app ?? '',
        namespace: settings.namespace,
      }),
    )
  const note = configNote([settings])
  if (note !== undefined) progress.line(note)
  const events = await openEventFile(
    settings.events,
    { app: task.app, command: task.title },
    {
      secrets,
      warn: (message) => {
        warn(message)
        progress.line(message)
      },
    },
  )
  progress.begin(task.title, task.activity)
  let upgraded = false
  const signals = watchSignals((line) => progress.line(line), {
    first: () => {
      const finishing = progress.finishing()
      return finishing
        ? `Stopping once ${finishing} has ended, so that the release is not left in the middle; a second time stops at once.`
        : 'Stopping; a second time stops at once.'
    },
    second: () => {
      progress.pause()
      const left = progress.finishing()
      const meanwhile = left ? ` ${left} goes on without canary, and its stage will not be proven.` : ''
      return `Stopped at once.${meanwhile} ${status()} shows where the rollout stands.`
    },
  })
  try {
    const [{ openCluster }, { createVerifier }] = await Promise.all([
      import('../../cluster/open.js'),
      import('../../verification/probing/create-verifier.js'),
    ])
    const { kubeconfig, kubeContext } = settings
    const emit = (event: CanaryEvent) => {
      if (event.type === 'warning') warn(event.message)
      if (event.type === 'upgraded') upgraded = true
      events?.emit(event)
      // Of a dry run the plan is the result: it goes to stdout.
      if (!settings.dryRun || (event.type !== 'planned' && event.type !== 'observed')) progress.emit(event)
    }
    const cluster = openCluster(
      {
        kubeconfig,
        kubeContext,
        signal: signals.signal,
        secrets,
        say: (line) => progress.line(line),
        warn: (message) => emit({ type: 'warning', message }),
      },
      ROUTING_RESOURCES,
    )
    const ask = asker(
      { input: process.stdin, output: process.stderr },
      {
        signal: signals.signal,
        pause: () => progress.pause(),
        clean: output.clean,
      },
    )
    const context = operationContext(settings, {
      cluster,
      verifier: createVerifier(),
      emit,
      signal: signals.signal,
      secrets,
      version,
      ask,
    })
    try {
      const result = await withNamedCluster(named, () => task.run(context, settings))
      events?.ended()
      return { result, configFile: settings.config?.file }
    } catch (error) {
      events?.ended(error)
      throw error
    } finally {
      await cluster.close()
    }
  } catch (error) {
    const caught = signals.caught()
    if (!caught || (error instanceof CanaryError && error.outcome !== 'external')) throw error
    throw new CanaryError(caught === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
      state: (error instanceof CanaryError && error.state) || (upgraded ? undefined : 'Nothing was changed.'),
      nextSteps: [commented(status(), 'where the rollout stands')],
      cause: error,
    })
  } finally {
    progress.pause()
    signals.dispose()
  }
}
