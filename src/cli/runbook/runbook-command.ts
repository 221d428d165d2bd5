import { EXIT_CODES } from '../../model/exit-codes.js'
import { BaseCommand } from '../base-command.js'
import type { RunRequest } from './run-world.js'

/** What the commands that read a runbook share. */
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

/** What the commands that run the steps of a runbook share. */
export abstract class RunbookCommand extends RunbookFileCommand {
  /** Runs it, or plans it where nothing is to be changed, and prints what came of it. */
  protected async go(request: RunRequest, { dryRun }: { dryRun: boolean }): Promise<void> {
    const [{ planRunbook, runRunbook }, { renderRun, renderRunPlan }, output] = await Promise.all([
      import('./run-runbook.js'),
      import('../../report/text/run-text.js'),
      this.getOutput(),
    ])
    const { version } = this.config
    if (dryRun) {
      const { apps, configFile } = await planRunbook(request, output, version)
      const { name: run, id: runId } = request.identity
      const document = { run, runId, apps, configFile }
      await this.print(document, (palette, shown) => renderRunPlan(shown.apps, palette))
      if (apps.some(({ conflict }) => conflict !== undefined)) process.exitCode = EXIT_CODES.conflict.code
      return
    }
    const result = await runRunbook(request, output, version)
    await this.print(result, (palette, shown) => renderRun(shown, palette))
  }
}
