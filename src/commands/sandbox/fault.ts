import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../cli/base-command.js'
import {
  faultKinds,
  faultLine,
  faultNumber,
  faultUsage,
  parseFault,
  wrongFault,
} from '../../cli/sandbox/fault-words.js'
import { notRunning } from '../../cli/sandbox/sandbox-texts.js'
import { UsageError } from '../../model/errors.js'
import { FAULT_EFFECTS } from '../../sandbox/fault-parameters.js'

export default class SandboxFault extends BaseCommand {
  static override summary = 'Order a fault in the sandbox, list the active ones, or remove them'
  static override description = [
    'Faults:',
    ...faultKinds().map((kind) => `- ${faultUsage(kind)}: ${FAULT_EFFECTS[kind]}`),
    '',
    'PERCENT is a share of the requests, 0 to 100; MS a time like 250, 3s or 1m.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> sandbox fault never-ready echo v2',
    '<%= config.bin %> sandbox fault error-rate echo 5 v2',
    '<%= config.bin %> sandbox fault propagation 3s',
    '<%= config.bin %> sandbox fault api-errors 10 503',
    '<%= config.bin %> sandbox fault api-lost 100 --only writes --resource secrets',
    '<%= config.bin %> sandbox fault proxy-down --for 20s',
    '<%= config.bin %> sandbox fault',
    '<%= config.bin %> sandbox fault --clear',
  ]
  static override args = {
    fault: Args.string({
      description: 'Kind of fault and its parameters; without it, lists the faults',
      multiple: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    for: Flags.string({
      helpValue: '<duration>',
      description: 'Lifetime of the fault, such as 20s',
      exclusive: ['clear', 'remove'],
    }),
    only: Flags.string({
      helpValue: 'reads|writes',
      description: 'For api-errors, api-latency, api-lost, api-reset and api-stall: which requests',
      exclusive: ['clear', 'remove'],
    }),
    resource: Flags.string({
      helpValue: '<plural>',
      description: 'For the same faults: only requests for this kind, such as secrets or leases',
      exclusive: ['clear', 'remove'],
    }),
    remove: Flags.string({ helpValue: '<number>', description: 'Remove one fault', exclusive: ['clear'] }),
    clear: Flags.boolean({ description: 'Remove all faults' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SandboxFault)
    const [kind, ...parameters] = args.fault ?? []
    const stray = (['for', 'only', 'resource'] as const).find((flag) => flags[flag] !== undefined)
    if (kind === undefined && stray)
      throw wrongFault(`--${stray} needs a fault.`, faultKinds().map(faultUsage))
    const fault = kind === undefined ? undefined : parseFault(kind, parameters, flags)
    const remove = flags.remove === undefined ? undefined : faultNumber(flags.remove)
    const { remoteFaults, runningSandbox, stateFolder } = await import('../../sandbox/daemon.js')
    const state = await runningSandbox(stateFolder())
    if (!state) throw notRunning()
    if (flags.clear) await remoteFaults.clear(state)
    if (remove !== undefined) await removeFault(() => remoteFaults.remove(state, remove), remove)
    if (fault) await remoteFaults.add(state, fault)
    const faults = await remoteFaults.list(state)
    await this.print({ faults }, () => (faults.length === 0 ? 'no faults' : faults.map(faultLine).join('\n')))
  }
}

async function removeFault(remove: () => Promise<unknown>, id: number): Promise<void> {
  try {
    await remove()
  } catch (error) {
    throw new UsageError(
      `Fault ${id} was not removed: ${error instanceof Error ? error.message : String(error)}.`,
      {
        nextSteps: ['canary sandbox fault    (lists them)'],
        cause: error,
      },
    )
  }
}
