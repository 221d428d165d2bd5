import { parseDuration } from '../../lib/durations.js'
import { UsageError } from '../../model/errors.js'
import { FAULT_PARAMETERS, faultProblem } from '../../sandbox/fault-parameters.js'
import type { Fault, FaultKind, OrderedFault } from '../../sandbox/faults.js'

// Faults as the command line writes and lists them.

/** All kinds of faults. */
export function faultKinds(): FaultKind[] {
  return Object.keys(FAULT_PARAMETERS) as FaultKind[]
}

/** `error-rate APP PERCENT [VERSION] [STATUS]`. */
export function faultUsage(kind: FaultKind): string {
  const parameters = Object.entries(FAULT_PARAMETERS[kind]).map(([name, type]) =>
    type.endsWith('?') ? `[${name.toUpperCase()}]` : name.toUpperCase(),
  )
  return [kind, ...parameters].join(' ')
}

/** The fault meant by words of the command line. Times may have a unit (`3s`), else they are milliseconds. */
export function parseFault(
  kind: string,
  words: string[],
  { for: lasts, only, resource }: { for?: string; only?: string; resource?: string },
): Fault {
  const known = faultKinds().find((candidate) => candidate === kind)
  if (!known) throw wrongFault(`Unknown fault "${kind}".`, faultKinds().map(faultUsage))
  const fault: Record<string, string | number> = { kind: known }
  const rest = [...words]
  for (const [name, type] of Object.entries(FAULT_PARAMETERS[known])) {
    const word = rest.shift()
    if (word === undefined) {
      if (type.endsWith('?')) continue
      throw wrongFault(`Fault ${kind} needs ${name.toUpperCase()}.`, [
        `canary sandbox fault ${faultUsage(known)}`,
      ])
    }
    const value = type.startsWith('number') ? numberOf(name, word) : word
    if (value === undefined) {
      throw wrongFault(`${name.toUpperCase()} "${word}" is not a number.`, [
        `canary sandbox fault ${faultUsage(known)}`,
      ])
    }
    fault[name] = value
  }
  if (lasts !== undefined) {
    const forMs = parseDuration(lasts)
    if (forMs === undefined)
      throw wrongFault(`--for "${lasts}" is not a duration.`, ['write it like 20s or 1m30s'])
    fault.forMs = forMs
  }
  if (only !== undefined) fault.only = only
  if (resource !== undefined) fault.resource = resource
  const problem = faultProblem(fault)
  if (problem) throw wrongFault(`Invalid fault: ${problem}.`, [`canary sandbox fault ${faultUsage(known)}`])
  if (rest.length === 0) return fault as unknown as Fault
  throw wrongFault(`Unexpected "${rest.join(' ')}" after fault ${kind}.`, [
    `canary sandbox fault ${faultUsage(known)}`,
  ])
}

function numberOf(name: string, word: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(word)) return Number(word)
  return name === 'ms' ? parseDuration(word) : undefined
}

/** The number of an active fault. Throws UsageError. */
export function faultNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw wrongFault(`--remove "${text}" is not the number of a fault.`, [
    'canary sandbox fault    (lists them)',
  ])
}

export function wrongFault(message: string, nextSteps: string[]): UsageError {
  return new UsageError(message, { state: 'Nothing was changed.', nextSteps })
}

/** `1  error-rate app=echo percent=5 version=v2`. */
export function faultLine({ id, kind, ...parameters }: OrderedFault): string {
  const rest = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  return [`${id} `, kind, ...rest].join(' ')
}
