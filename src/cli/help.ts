import type { Command } from '@oclif/core/command'
import type { Config } from '@oclif/core/config'
import { CommandHelp, Help } from '@oclif/core/help'
import { EXIT_CODES } from '../model/exit-codes.js'

/** Groups of shared flags, listed below a command's own. */
const GROUPS = ['safety', 'cluster', 'probe', 'output']

class CanaryCommandHelp extends CommandHelp {
  protected override groupFlags(flags: Command.Flag.Any[]) {
    const { mainFlags, flagGroups } = super.groupFlags(flags)
    const ordered = GROUPS.filter((group) => flagGroups[group]).map(
      (group) => [group, flagGroups[group]!] as const,
    )
    return { mainFlags, flagGroups: Object.fromEntries(ordered) }
  }

  protected override defaultUsage(): string {
    const args = Object.values(this.command.args).map((arg) => `${this.arg(arg)}${arg.multiple ? '...' : ''}`)
    return [this.command.id, ...args, '[FLAGS]'].join(' ')
  }

  /** oclif trims the indent of a list's first row. */
  override renderList(...[rows, options]: Parameters<CommandHelp['renderList']>): string {
    const text = super.renderList(rows, options)
    return /^ {4}--/m.test(text) && text.startsWith('--') ? `    ${text}` : text
  }

  /** Without the summary, which help prints above. */
  protected override description(): string {
    return this.wrap(this.command.description ?? '')
  }

  protected override sections(): ReturnType<CommandHelp['sections']> {
    return [
      ...super.sections(),
      {
        header: 'EXIT CODES',
        generate: (_data: unknown, header: string) => [{ header, body: exitCodeRows() }],
      },
    ]
  }
}

/** oclif's help with the table of exit codes at its end. */
export default class CanaryHelp extends Help {
  protected override CommandHelpClass = CanaryCommandHelp

  constructor(config: Config, options: ConstructorParameters<typeof Help>[1] = {}) {
    super(config, { ...options, flagSortOrder: 'none' })
  }

  override formatRoot(): string {
    return `${super.formatRoot()}\n\n${this.firstSteps()}`
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp()
    this.log(this.section('EXIT CODES', exitCodeRows()))
  }

  private firstSteps(): string {
    return this.section(
      'A ROLLOUT',
      [
        '$ canary install APP v1      one version, verified',
        '$ canary start APP v2        v2 beside it: only requests with the canary header reach it',
        '$ canary shift APP 50        half of the other requests too',
        '$ canary finish APP          all requests to v2; v1 is removed',
        '$ canary abort APP           at any time before: back to v1',
        '$ canary undo APP v1         at any time after: v1 comes back by the same steps',
      ].join('\n'),
    )
  }
}

/** The rows of the exit code table. */
export function exitCodeRows(): [string, string][] {
  return Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning])
}
