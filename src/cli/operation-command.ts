import { canaryCommand, commented, nameCluster } from '../model/command-line.js'
import { repeatedCommand } from '../model/command-text.js'
import type { OperationContext } from '../operations/context.js'
import type { Palette } from '../report/terminal/palette.js'
import { plainTexts } from '../report/terminal/terminal-text.js'
import { BaseCommand } from './base-command.js'
import { openReport, type OperationReport, stopTexts } from './output/operation-report.js'
import { printResult } from './output/output.js'
import { openSession, type Session } from './session/session.js'
import { type ParsedFlags, resolveSettings, type Settings } from './session/settings.js'

/** What a command's one operation is about. */
export interface Task {
  /** The command as it reads in a release's history, `start echo v2`; absent for those that only read. */
  title?: string
  /** The first line of progress; by default that the app's release is read. */
  activity?: string
  app?: string
  parsed: ParsedFlags
}

/** The settings of the command, and the context of its operation. */
interface Opened extends Settings {
  context: OperationContext
}

/** What is open while the operation runs. */
interface Work {
  session: Session
  report: OperationReport
  /** Resolves with the error to report for one of the operation, after what --on-failure asks for. */
  failed: (error: unknown) => Promise<unknown>
}

interface ShowOptions {
  /** The result is values: the document is the result alone, and long lines stay whole. */
  isValues?: boolean
  /** Print the result with its secrets. */
  showsSecrets?: boolean
}

/** What the commands share that work on a cluster: they parse, `open`, call one operation and `show` its result. */
export abstract class OperationCommand extends BaseCommand {
  private work?: Work
  private configFile?: string

  /** Opens the session. From here on stderr shows progress, and signals stop the operation. */
  protected async open({
    app,
    title,
    activity = `reading the release of ${app}`,
    parsed,
  }: Task): Promise<Opened> {
    const output = await this.getOutput()
    const settings = await resolveSettings(app, parsed, this.sources(output))
    const { namespace, config } = settings
    this.configFile = config?.file
    const report = await openReport({ app, title, activity }, settings, output, (warning) =>
      this.warnings.push(warning),
    )
    const { progress, emit } = report
    const status = () =>
      canaryCommand(['status', ...(app === undefined ? [] : [app])], { app: app ?? '', namespace })
    nameCluster(settings.cluster)
    const session = await openSession({
      output,
      terminal: progress,
      warn: (message) => emit({ type: 'warning', message }),
      stop: stopTexts(progress, status),
      again: repeatedCommand([...this.id!.split(':'), ...this.argv]),
      interrupted: () => ({
        state: report.isChanged() ? undefined : 'Nothing was changed.',
        nextSteps: [commented(status(), 'where the rollout stands')],
      }),
      openers: this.openers,
    })
    this.work = { session, report, failed: (error) => Promise.resolve(error) }
    const context = session.open(settings, emit)
    // Not every change can be reverted: those that can have the flag.
    if (app === undefined || !('on-failure' in this.ctor.flags)) return { ...settings, context }
    const { followFailure } = await import('../operations/change/failure-policy.js')
    const followed = followFailure(context, { app, namespace })
    this.work.failed = followed.failed
    return { ...settings, context: followed.context }
  }

  /** Ends the session and prints the result on stdout. */
  protected async show<R extends object>(
    result: R,
    render: (result: R, palette: Palette) => Promise<string> | string,
    { isValues, showsSecrets }: ShowOptions = {},
  ): Promise<void> {
    await this.end()
    const output = await this.getOutput()
    const { format, palette } = output
    const text = format === 'text' ? await render(isValues ? result : plainTexts(result), palette) : ''
    const { configFile } = this
    const document = isValues
      ? result
      : { ...result, ...(configFile === undefined ? {} : { configFile }), warnings: this.warnings }
    await printResult(output, document, () => text, { asIs: showsSecrets, isFile: isValues })
  }

  protected override async catch(error: Error): Promise<void> {
    const { work } = this
    if (!work) return super.catch(error)
    const failed = work.session.failed(await work.failed(error).catch((thrown: unknown) => thrown))
    await this.end(failed)
    await super.catch(failed as Error)
  }

  protected override async finally(error?: Error): Promise<void> {
    await this.end(error)
    await super.finally(error)
  }

  /** Closes what is open; with the error that ended the operation. */
  private async end(error?: unknown): Promise<void> {
    const { work } = this
    if (!work) return
    this.work = undefined
    try {
      await work.session.close()
    } finally {
      nameCluster(undefined)
      work.report.ended(error)
    }
  }
}
