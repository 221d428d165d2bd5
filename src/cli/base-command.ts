import { Command } from '@oclif/core/command'
import type { Palette } from '../report/terminal/palette.js'
import { plainTexts } from '../report/terminal/terminal-text.js'
import { plainSwitches } from './command-line/flag-values.js'
import { explainParseError } from './command-line/parse-errors.js'
import { outputFlags } from './flags/flags.js'
import {
  type Output,
  type PrintOptions,
  outputOf,
  printError,
  printNote,
  printResult,
} from './output/output.js'
import type { Task } from './session/task.js'

/**
 * What all commands share: output flags, and errors told alike: the same exit code and one document whatever
 * the output format is.
 */
export abstract class BaseCommand extends Command {
  static override baseFlags = outputFlags
  private output?: Output
  private readonly warnings: string[] = []

  protected override async init(): Promise<void> {
    this.argv = plainSwitches(this.argv, { ...this.ctor.flags, ...this.ctor.baseFlags }, process.env)
    await super.init()
  }

  /** How to print, read off the command line once. */
  protected async getOutput(): Promise<Output> {
    this.output ??= await outputOf(this.argv, process.env)
    return this.output
  }

  /**
   * Runs an operation with everything it needs, telling on stderr what happens and on stdout what came of it.
   */
  protected async perform<R extends object>(task: Task<R>): Promise<R> {
    const [output, { runTask }] = await Promise.all([this.getOutput(), import('./session/run-task.js')])
    const { result, configFile } = await runTask(task, output, this.config.version, (warning) =>
      this.warnings.push(warning),
    )
    const text =
      output.format === 'text'
        ? await task.render(task.isValues ? result : plainTexts(result), output.palette)
        : ''
    const settings = configFile === undefined ? {} : { configFile }
    const document = task.document?.(result) ?? { ...result, ...settings, warnings: this.warnings }
    await printResult(output, document, () => text, {
      asIs: task.showsSecrets,
      isFile: task.isValues,
    })
    return result
  }

  /** Prints the result of a command that needs no cluster. */
  protected async print<D>(
    document: D,
    render: (palette: Palette, shown: D) => string,
    options?: PrintOptions,
  ): Promise<void> {
    const output = await this.getOutput()
    await printResult(output, document, () => render(output.palette, plainTexts(document)), options)
  }

  /** Says on stderr what concerns a result without being part of it. */
  protected async note(text: string): Promise<void> {
    printNote(await this.getOutput(), text)
  }

  /** Tells any error and sets the exit code; never rethrows, so that oclif adds nothing of its own. */
  protected override async catch(error: Error): Promise<void> {
    // With NODE_ENV=development oclif warns of commands that end before they are parsed, as usage errors do.
    this.parsed = true
    const command = `${this.config.bin} ${(this.id ?? '').replaceAll(':', ' ')}`.trim()
    const explained = explainParseError(error, {
      command,
      flags: Object.keys({ ...this.ctor.flags, ...this.ctor.baseFlags }),
      args: Object.entries(this.ctor.args).map(([name, { required }]) => ({ name, required })),
    })
    process.exitCode = await printError(await this.getOutput(), explained, this.warnings)
  }
}
