import { canaryCommand, commented, withNamedCluster } from '../model/command-line.js'
import type { OperationContext } from '../operations/context.js'
import type { Palette } from '../report/terminal/palette.js'
import { plainTexts } from '../report/terminal/terminal-text.js'
import { BaseCommand } from './base-command.js'
import { openReport, stopTexts } from './output/operation-report.js'
import { printResult } from './output/output.js'
import { withSession } from './session/session.js'
import { type ParsedFlags, resolveSettings, type Settings } from './session/settings.js'

/** A command's one operation, and how its result is shown. */
export interface Task<R> {
  /** The command as it reads in a release's history, `start echo v2`; absent for those that only read. */
  title?: string
  /** What is done first; by default the app's release is read. */
  activity?: string
  app?: string
  parsed: ParsedFlags
  run: (context: OperationContext, settings: Settings) => Promise<R>
  /** The result for people. */
  render: (result: R, palette: Palette) => Promise<string> | string
  /** The result as a document; by default the result itself, with the warnings there were. */
  document?: (result: R) => unknown
  /** The result is values, and rendered as YAML: lines within them stay. */
  isValues?: boolean
  /** Print the result with its secrets. */
  showsSecrets?: boolean
}

/** What the commands that work on a cluster share. */
export abstract class OperationCommand extends BaseCommand {
  /** Performs one operation: reports on stderr what happens, and prints the result on stdout. */
  protected async perform<R extends object>(task: Task<R>): Promise<R> {
    const { app, title, activity = `reading the release of ${app}`, parsed, isValues, showsSecrets } = task
    const output = await this.getOutput()
    const settings = await resolveSettings(app, parsed, this.sources(output))
    const { cluster, namespace, config } = settings
    const report = await openReport({ app, title, activity }, settings, output, (warning) =>
      this.warnings.push(warning),
    )
    const { progress, emit } = report
    const status = () =>
      withNamedCluster(cluster, () =>
        canaryCommand(['status', ...(app ? [app] : [])], { app: app ?? '', namespace }),
      )
    let result: R
    try {
      result = await withSession(
        {
          output,
          terminal: progress,
          warn: (message) => emit({ type: 'warning', message }),
          stop: stopTexts(progress, status),
          interrupted: () => ({
            state: report.isChanged() ? undefined : 'Nothing was changed.',
            nextSteps: [commented(status(), 'where the rollout stands')],
          }),
        },
        ({ open }) => withNamedCluster(cluster, () => this.follow(task, open(settings, emit), settings)),
      )
      report.ended()
    } catch (error) {
      report.ended(error)
      throw error
    }
    const { format, palette } = output
    const text = format === 'text' ? await task.render(isValues ? result : plainTexts(result), palette) : ''
    const configFile = config === undefined ? {} : { configFile: config.file }
    const document = task.document?.(result) ?? { ...result, ...configFile, warnings: this.warnings }
    await printResult(output, document, () => text, { asIs: showsSecrets, isFile: isValues })
    return result
  }

  /** Runs the operation and, where it fails, what --on-failure says. Not every change can be reverted: those that can have the flag. */
  private async follow<R>({ app, run }: Task<R>, context: OperationContext, settings: Settings): Promise<R> {
    if (app === undefined || !('on-failure' in this.ctor.flags)) return run(context, settings)
    const { withFailurePolicy } = await import('../operations/change/failure-policy.js')
    const request = { app, namespace: settings.namespace }
    return withFailurePolicy(context, request, (held) => run(held, settings))
  }
}
