import type { LeftOut } from '../../model/results/init.js'
import type { Json, JsonObject } from '../../model/values.js'
import { unread } from '../import/unread.js'
import { listOf, textOf } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'

const READ = 'name containerPort protocol hostPort hostIP'.split(' ')

interface Port {
  name?: string
  number: number
  protocol: string
}

/** The chart's default port. */
const DEFAULT_PORT = 8080

/** The ports of a container as the chart has them: the main one, named http, and further ones. */
export class ContainerPorts {
  readonly main: number
  readonly further: { name: string; port: number; protocol?: string }[] = []
  readonly leftOut: LeftOut[] = []
  readonly notes: string[] = []
  /** The chart's port names, by the container's own. */
  private readonly names = new Map<string, string>()
  private readonly numbers = new Map<string, number>()

  /**
   * `list` is the container's own; `wanted` the port for requests, by number or name. Default: the one named http, else
   * the first.
   */
  constructor(list: Json | undefined, wanted?: number | string) {
    const ports = this.read(list)
    const tcp = ports.filter(({ protocol }) => protocol === 'TCP')
    const byName = (name: number | string | undefined) => tcp.find((port) => port.name === name)
    const chosen = typeof wanted === 'number' ? tcp.find(({ number }) => number === wanted) : byName(wanted)
    const found = chosen ?? (typeof wanted === 'number' ? undefined : (byName('http') ?? tcp[0]))
    this.main = found?.number ?? (typeof wanted === 'number' ? wanted : DEFAULT_PORT)
    if (typeof wanted === 'string' && !chosen) {
      this.notes.push(
        `The Service sends to port "${wanted}", which the container does not declare. Using ${this.main}; change it with --port.`,
      )
    } else if (!found && wanted === undefined) {
      this.notes.push(`The container declares no TCP port. Using ${DEFAULT_PORT}; change it with --port.`)
    }
    if (found?.name !== undefined && found.name !== 'http') {
      this.names.set(found.name, 'http')
      this.leftOut.push({ field: `port name ${found.name}`, reason: 'the chart calls this port http' })
    }
    for (const { name, number } of ports) if (name !== undefined) this.numbers.set(name, number)
    for (const port of ports) if (port !== found) this.add(port)
  }

  /** The port as a probe of the chart names it; `undefined` is the main one. */
  refer(port: Json | undefined): string | number | undefined {
    const number = typeof port === 'string' ? (this.numbers.get(port) ?? Number(port)) : Number(port)
    if (number === this.main) return undefined
    if (typeof port === 'string' && this.numbers.has(port)) return this.names.get(port) ?? port
    if (!Number.isInteger(number)) {
      this.notes.push(
        `A probe or hook uses port "${textOf(port)}", which the container does not declare. Using ${this.main}.`,
      )
      return undefined
    }
    if (!this.further.some(({ port: known }) => known === number)) {
      this.further.push({ name: `port-${number}`, port: number })
      this.notes.push(`Port ${number} was added to the container's ports: a probe uses it.`)
    }
    return number
  }

  numberOf(name: string): number | undefined {
    return this.numbers.get(name)
  }

  private read(list: Json | undefined): Port[] {
    return listOf(list).map((port) => {
      this.leftOut.push(...unread(port, READ, `ports ${textOf(port.containerPort)}: `))
      for (const field of ['hostPort', 'hostIP']) {
        if (port[field] === undefined) continue
        this.leftOut.push({
          field: `ports ${textOf(port.containerPort)}: ${field}`,
          reason: 'the chart does not bind node ports',
        })
      }
      return {
        ...(typeof port.name === 'string' ? { name: port.name } : {}),
        number: Number(port.containerPort),
        protocol: typeof port.protocol === 'string' ? port.protocol : 'TCP',
      }
    })
  }

  private add({ name, number, protocol }: Port): void {
    const isTaken = name === 'http' || this.further.some((other) => other.name === name)
    const chosen =
      name === undefined || isTaken
        ? `${protocol === 'TCP' ? 'port' : protocol.toLowerCase()}-${number}`
        : name
    const same =
      number === this.main && protocol === 'TCP'
        ? 'http'
        : this.further.find((other) => other.port === number && (other.protocol ?? 'TCP') === protocol)?.name
    if (same !== undefined) {
      if (name === undefined || name === same) return
      this.names.set(name, same)
      this.leftOut.push({ field: `port name ${name}`, reason: `port ${number} is already ${same}` })
      return
    }
    if (name !== undefined && chosen !== name) {
      this.names.set(name, chosen)
      this.leftOut.push({
        field: `port name ${name}`,
        reason: `the chart gives this name to port ${this.main}`,
      })
    }
    this.further.push({ name: chosen, port: number, ...(protocol === 'TCP' ? {} : { protocol }) })
  }
}

/** A probe or hook of Kubernetes, with its ports as the chart names them. */
export function withPorts(hook: JsonObject, ports: ContainerPorts): JsonObject {
  const actions = Object.entries(hook).map(([kind, action]) => {
    if (!isObject(action) || action.port === undefined) return [kind, action] as const
    const port = ports.refer(action.port)
    // A gRPC probe takes only a number.
    return [kind, { ...action, port: port ?? (kind === 'grpc' ? ports.main : 'http') }] as const
  })
  return Object.fromEntries(actions)
}
