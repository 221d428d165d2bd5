import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../cli/base-command.js'
import { parseDuration } from '../../lib/durations.js'
import { notRunning } from '../../cli/sandbox/sandbox-texts.js'
import { UsageError } from '../../model/errors.js'
import { FAULT_EFFECTS, FAULT_PARAMETERS, faultProblem } from '../../sandbox/fault-parameters.js'
import type { Fault, FaultKind, OrderedFault } from '../../sandbox/faults.js'

export default class SandboxFault extends BaseCommand {
  static override summary = 'Order a fault in the sandbox, list the active ones, or remove them'
  static override description = [
    'Faults:',
    ...kinds().map((kind) => `- ${usageOf(kind)}: ${FAULT_EFFECTS[kind]}`),
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
    if (kind === undefined && stray) throw wrong(`--${stray} needs a fault.`, kinds().map(usageOf))
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

function kinds(): FaultKind[] {
  return Object.keys(FAULT_PARAMETERS) as FaultKind[]
}

/** `error-rate APP PERCENT [VERSION] [STATUS]`. */
function usageOf(kind: FaultKind): string {
  const parameters = Object.entries(FAULT_PARAMETERS[kind]).map(([name, type]) =>
    type.endsWith('?') ? `[${name.toUpperCase()}]` : name.toUpperCase(),
  )
  return [kind, ...parameters].join(' ')
}

/** The fault meant by words of the command line. Times may have a unit (`3s`), else they are milliseconds. */
function parseFault(
  kind: string,
  words: string[],
  { for: lasts, only, resource }: { for?: string; only?: string; resource?: string },
): Fault {
  const known = kinds().find((candidate) => candidate === kind)
  if (!known) throw wrong(`There is no fault "${kind}".`, kinds().map(usageOf))
  const fault: Record<string, string | number> = { kind: known }
  const rest = [...words]
  for (const [name, type] of Object.entries(FAULT_PARAMETERS[known])) {
    const word = rest.shift()
    if (word === undefined) {
      if (type.endsWith('?')) continue
      throw wrong(`Fault ${kind} needs ${name.toUpperCase()}.`, [`canary sandbox fault ${usageOf(known)}`])
    }
    const value = type.startsWith('number') ? numberOf(name, word) : word
    if (value === undefined) {
      throw wrong(`${name.toUpperCase()} "${word}" is not a number.`, [
        `canary sandbox fault ${usageOf(known)}`,
      ])
    }
    fault[name] = value
  }
  if (lasts !== undefined) {
    const forMs = parseDuration(lasts)
    if (forMs === undefined)
      throw wrong(`--for "${lasts}" is not a duration.`, ['write it like 20s or 1m30s'])
    fault.forMs = forMs
  }
  if (only !== undefined) fault.only = only
  if (resource !== undefined) fault.resource = resource
  const problem = faultProblem(fault)
  if (problem)
    throw wrong(`The fault can't be ordered: ${problem}.`, [`canary sandbox fault ${usageOf(known)}`])
  if (rest.length === 0) return fault as unknown as Fault
  throw wrong(`Fault ${kind} has no place for "${rest.join(' ')}".`, [
    `canary sandbox fault ${usageOf(known)}`,
  ])
}

function numberOf(name: string, word: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(word)) return Number(word)
  return name === 'ms' ? parseDuration(word) : undefined
}

function faultNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw wrong(`--remove "${text}" is not the number of a fault.`, ['canary sandbox fault    (lists them)'])
}

async function removeFault(remove: () => Promise<unknown>, id: number): Promise<void> {
  try {
    await remove()
  } catch (error) {
    throw new UsageError(
      `Fault ${id} was not taken back: ${error instanceof Error ? error.message : String(error)}.`,
      {
        nextSteps: ['canary sandbox fault    (lists them)'],
        cause: error,
      },
    )
  }
}

function wrong(message: string, nextSteps: string[]): UsageError {
  return new UsageError(message, { state: 'Nothing was changed.', nextSteps })
}

/** `1  error-rate app=echo percent=5 version=v2`. */
function faultLine({ id, kind, ...parameters }: OrderedFault): string {
  const rest = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  return [`${id} `, kind, ...rest].join(' ')
}
