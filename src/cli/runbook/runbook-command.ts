import { EXIT_CODES } from '../../model/exit-codes.js'
import { BaseCommand } from '../base-command.js'
import type { RunRequest } from './run-request.js'

/** A command that reads a runbook. */
export abstract class RunbookFileCommand extends BaseCommand {
  protected override async catch(error: Error): Promise<void> {
    const [{ RunbookError }, { problemNotes }, output] = await Promise.all([
      import('../../runbook/file/problems.js'),
      import('../output/ci.js'),
      this.getOutput(),
    ])
    if (error instanceof RunbookError) {
      for (const line of problemNotes(process.env, error, output)) process.stderr.write(`${line}\n`)
    }
    await super.catch(error)
  }
}

/** A command that runs or plans the steps of a runbook. */
export abstract class RunbookCommand extends RunbookFileCommand {
  /** Runs the runbook, or plans it for a dry run, and prints the result. */
  protected async go(request: RunRequest, { dryRun }: { dryRun: boolean }): Promise<void> {
    const [{ planRunbook, runRunbook }, { refusalOf }, { renderRun, renderRunPlan }, output] =
      await Promise.all([
        import('./run-runbook.js'),
        import('../../runbook/run/plan.js'),
        import('../../report/text/run-text.js'),
        this.getOutput(),
      ])
    const wiring = { output, sources: this.sources(output), openers: this.openers }
    if (dryRun) {
      const { apps, configFile } = await planRunbook(request, wiring)
      const { name: run, id: runId } = request.identity
      const document = { run, runId, apps, configFile }
      await this.print(document, (palette, shown) => renderRunPlan(shown.apps, palette))
      const refusal = refusalOf(apps)
      if (refusal !== undefined) process.exitCode = EXIT_CODES[refusal].code
      return
    }
    const result = await runRunbook(request, wiring)
    await this.print(result, (palette, shown) => renderRun(shown, palette))
  }
}
