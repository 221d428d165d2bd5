import type { OperationResult } from '../model/results/change.js'
import type { OperationContext } from '../operations/context.js'
import { BaseCommand } from './base-command.js'
import type { ParsedFlags, Settings } from './session/settings.js'

/** What the commands that move an app share: one operation on one app, its result rendered alike. */
export abstract class ChangeCommand extends BaseCommand {
  /** `title` is the command as it reads in a release's history: `shift echo 50`. */
  protected async change(
    app: string,
    title: string,
    parsed: ParsedFlags,
    run: (context: OperationContext, settings: Settings) => Promise<OperationResult>,
  ): Promise<void> {
    await this.perform({
      title,
      activity: `reading the release of ${app}`,
      app,
      parsed,
      run: async (context, settings) => {
        // Not every change can be gone back from: those that can have the flag.
        if (!('on-failure' in this.ctor.flags)) return run(context, settings)
        const { withFailurePolicy } = await import('../operations/change/failure-policy.js')
        const { namespace } = settings
        return withFailurePolicy(context, { app, namespace }, (held) => run(held, settings))
      },
      render: async (result, palette) => {
        const { renderResult } = await import('../report/text/result-text.js')
        return renderResult(result, palette)
      },
    })
  }
}
