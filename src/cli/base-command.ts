import { Command } from '@oclif/core/command'
import type { Config } from '@oclif/core/config'
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
import type { Openers } from './session/openers.js'
import type { SettingsSources } from './session/settings.js'

/** What all commands share: output flags, and errors with one exit code and one document in every format. */
export abstract class BaseCommand extends Command {
  static override baseFlags = outputFlags
  private output?: Output
  protected readonly warnings: string[] = []

  /** Without `openers` a session opens the real cluster. */
  constructor(
    argv: string[],
    config: Config,
    protected readonly openers?: Openers,
  ) {
    super(argv, config)
  }

  protected override async init(): Promise<void> {
    this.argv = plainSwitches(this.argv, { ...this.ctor.flags, ...this.ctor.baseFlags }, process.env)
    await super.init()
  }

  /** How to print, read from the command line once. */
  protected async getOutput(): Promise<Output> {
    this.output ??= await outputOf(this.argv, process.env)
    return this.output
  }

  /** Where settings come from; `secrets` masks theirs. */
  protected sources({ secrets }: Output): SettingsSources {
    return { cwd: process.cwd(), env: process.env, secrets, version: this.config.version }
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

  /** Prints a note on stderr, beside the result. */
  protected async note(text: string): Promise<void> {
    printNote(await this.getOutput(), text)
  }

  /** Reports any error and sets the exit code; never rethrows, so that oclif adds nothing of its own. */
  protected override async catch(error: Error): Promise<void> {
    // With NODE_ENV=development oclif warns of commands that end before they are parsed; usage errors end them there.
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
