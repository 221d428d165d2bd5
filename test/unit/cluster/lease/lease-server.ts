import { ApiError } from '../../../../src/cluster/kube/api-errors.js'
import type { LeaseApi } from '../../../../src/cluster/lease/lease-notes.js'
import {
  type Holder,
  held,
  holderOf,
  type Lease,
  newLease,
} from '../../../../src/cluster/lease/lease-object.js'
import { ExternalError } from '../../../../src/model/errors.js'
import type { VirtualTime } from './virtual-time.js'

/** After this a connection that says nothing is given up. */
const ANSWER_TIMEOUT_MS = 30_000

type Verb = 'find' | 'create' | 'replace' | 'remove'

/**
 * What becomes of a request: an error instead of it; `lost`: done, and the answer lost; `silent`: not done, and never
 * answered.
 */
export type Fate = Error | 'lost' | 'silent' | undefined

/** A request's way, milliseconds. */
export interface Way {
  there: number
  back: number
}

/** The one Lease of a server that compares and swaps; every answer takes a while. */
export class LeaseServer {
  lease?: Lease
  private version = 0
  /** Called after each write, with the Lease before. */
  written: (before: Lease | undefined) => void = () => undefined

  constructor(private readonly time: VirtualTime) {}

  /** A client's way to the server; `fate` and `way` are asked for each request. */
  client(
    fate: (verb: Verb) => Fate = () => undefined,
    way: () => Way = () => ({ there: 2, back: 2 }),
  ): LeaseApi {
    const ask = async <T>(verb: Verb, serve: () => T): Promise<T> => {
      const { there, back } = way()
      const decided = fate(verb)
      if (decided === 'silent') {
        await this.time.wait(ANSWER_TIMEOUT_MS)
        throw new ExternalError('The connection to the cluster broke: no complete answer within 30 s')
      }
      await this.time.wait(there)
      if (decided instanceof Error) throw decided
      let answer: T | Error
      try {
        answer = structuredClone(serve())
      } catch (error) {
        answer = error as Error
      }
      await this.time.wait(back)
      if (decided === 'lost') throw new ExternalError('The connection to the cluster broke: socket hang up')
      if (answer instanceof Error) throw answer
      return answer
    }
    const api = {
      find: () => ask('find', () => this.lease),
      create: (_target: unknown, object: Lease) => {
        const sent = structuredClone(object)
        return ask('create', () => {
          if (this.lease) throw apiError(409, 'POST /apis/leases', 'already exists')
          return this.store(sent)
        })
      },
      replace: (_target: unknown, object: Lease) => {
        const sent = structuredClone(object)
        return ask('replace', () => {
          if (!this.lease) throw apiError(404, 'PUT /apis/leases/canary-echo', 'not found')
          if (this.lease.metadata.resourceVersion !== sent.metadata.resourceVersion) {
            throw apiError(409, 'PUT /apis/leases/canary-echo', 'the object has been modified')
          }
          return this.store(sent)
        })
      },
      remove: (_target: unknown, { resourceVersion }: { resourceVersion?: string } = {}) =>
        ask('remove', () => {
          if (this.lease && resourceVersion !== this.lease.metadata.resourceVersion)
            throw apiError(409, 'DELETE /apis/leases/canary-echo', 'the object has been modified')
          this.lease = undefined
        }),
    }
    return api as unknown as LeaseApi
  }

  /** A holder takes it, by whatever means. */
  put(holder: Holder): void {
    this.store(held(this.lease ?? newLease('echo', 'echo'), holder))
  }

  /** A sign of life of the holder, by a clock that is off by so much. */
  renew(clockOffMs = 0): void {
    const spec = { ...this.lease!.spec, renewTime: new Date(Date.now() + clockOffMs).toISOString() }
    this.store({ ...this.lease!, spec })
  }

  holder(): Holder | undefined {
    return this.lease && holderOf(this.lease)
  }

  private store(lease: Lease): Lease {
    const before = this.lease
    this.version += 1
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.version) } }
    this.written(before)
    return this.lease
  }
}

export function apiError(status: number, command = 'PUT /apis/leases/canary-echo', stderr = ''): ApiError {
  return new ApiError(`the server says ${status}`, status, undefined, { command, code: status, stderr })
}
