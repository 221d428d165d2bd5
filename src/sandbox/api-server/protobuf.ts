/**
 * Decoding of the protobuf bodies that typed clients (Helm's release records, `kubectl create namespace`, …) write: they
 * do so without being asked, and don't fall back to JSON. Field numbers are those of the generated.proto files of
 * k8s.io/api and k8s.io/apimachinery.
 */

type FieldType = 'string' | 'bytes' | 'int' | 'bool' | 'time' | 'string-map' | 'bytes-map' | Message
type Message = Record<number, Field>
type Field = [name: string, type: FieldType, repeated?: 'repeated']

const OWNER_REFERENCE: Message = {
  1: ['kind', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['controller', 'bool'],
  7: ['blockOwnerDeletion', 'bool'],
}

const OBJECT_META: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['generation', 'int'],
  8: ['creationTimestamp', 'time'],
  11: ['labels', 'string-map'],
  12: ['annotations', 'string-map'],
  13: ['ownerReferences', OWNER_REFERENCE, 'repeated'],
  14: ['finalizers', 'string', 'repeated'],
}

const RESOURCE_ATTRIBUTES: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
}

/** The kinds that clients were seen to send, by apiVersion and kind. */
const KINDS: Record<string, Message> = {
  'v1 Secret': {
    1: ['metadata', OBJECT_META],
    2: ['data', 'bytes-map'],
    3: ['type', 'string'],
    4: ['stringData', 'string-map'],
    5: ['immutable', 'bool'],
  },
  'v1 ConfigMap': {
    1: ['metadata', OBJECT_META],
    2: ['data', 'string-map'],
    3: ['binaryData', 'bytes-map'],
    4: ['immutable', 'bool'],
  },
  'v1 Namespace': {
    1: ['metadata', OBJECT_META],
    2: ['spec', { 1: ['finalizers', 'string', 'repeated'] }],
    3: ['status', { 1: ['phase', 'string'] }],
  },
  'v1 ServiceAccount': { 1: ['metadata', OBJECT_META], 4: ['automountServiceAccountToken', 'bool'] },
  'v1 DeleteOptions': {
    1: ['gracePeriodSeconds', 'int'],
    2: ['preconditions', { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] }],
    3: ['orphanDependents', 'bool'],
    4: ['propagationPolicy', 'string'],
    5: ['dryRun', 'string', 'repeated'],
  },
  'authorization.k8s.io/v1 SelfSubjectRulesReview': {
    1: ['metadata', OBJECT_META],
    2: ['spec', { 1: ['namespace', 'string'] }],
  },
  'authorization.k8s.io/v1 SelfSubjectAccessReview': {
    1: ['metadata', OBJECT_META],
    2: [
      'spec',
      {
        1: ['resourceAttributes', RESOURCE_ATTRIBUTES],
        2: ['nonResourceAttributes', { 1: ['path', 'string'] }],
      },
    ],
  },
}

const MAGIC = Buffer.from('k8s\0')

/** DeleteOptions come under the group of what is deleted; it is the same message everywhere. */
function messageOf(apiVersion: string, kind: string): Message | undefined {
  return KINDS[kind === 'DeleteOptions' ? 'v1 DeleteOptions' : `${apiVersion} ${kind}`]
}

/** The object as JSON would carry it (bytes as base64); undefined for kinds the sandbox can't read. */
export function decodeProtobuf(body: Buffer): Record<string, any> | undefined {
  if (!body.subarray(0, 4).equals(MAGIC)) return undefined
  let [apiVersion, kind] = ['', '']
  let raw = Buffer.alloc(0)
  for (const { number, data } of fieldsOf(body.subarray(4))) {
    if (number === 1) {
      for (const part of fieldsOf(data as Buffer)) {
        if (part.number === 1) apiVersion = (part.data as Buffer).toString()
        if (part.number === 2) kind = (part.data as Buffer).toString()
      }
    } else if (number === 2) raw = data as Buffer<ArrayBuffer>
  }
  const message = messageOf(apiVersion, kind)
  return message && { apiVersion, kind, ...decodeMessage(raw, message) }
}

function decodeMessage(body: Buffer, message: Message): Record<string, any> {
  const object: Record<string, any> = {}
  for (const { number, data } of fieldsOf(body)) {
    const field = message[number]
    if (!field) continue
    const [name, type, repeated] = field
    if (type === 'string-map' || type === 'bytes-map') {
      const [key, value] = mapEntry(data as Buffer)
      object[name] ??= {}
      object[name][key.toString()] = type === 'bytes-map' ? value.toString('base64') : value.toString()
    } else if (repeated) {
      object[name] = [...((object[name] as unknown[]) ?? []), decodeValue(data, type)]
    } else {
      const value = decodeValue(data, type)
      if (value !== undefined && value !== '') object[name] = value
    }
  }
  return object
}

function decodeValue(data: Buffer | bigint, type: FieldType): unknown {
  if (typeof data === 'bigint') return type === 'bool' ? data !== 0n : Number(BigInt.asIntN(64, data))
  if (type === 'string') return data.toString()
  if (type === 'bytes') return data.toString('base64')
  if (type === 'time') return decodeTime(data)
  return decodeMessage(data, type as Message)
}

function decodeTime(body: Buffer): string | undefined {
  const seconds = fieldsOf(body).find(({ number }) => number === 1)?.data
  // Go's zero time is written as no field at all, or as a year before 1970.
  if (typeof seconds !== 'bigint' || BigInt.asIntN(64, seconds) <= 0n) return undefined
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

function mapEntry(body: Buffer): [key: Buffer, value: Buffer] {
  const parts = fieldsOf(body)
  const part = (wanted: number) =>
    (parts.find(({ number }) => number === wanted)?.data ?? Buffer.alloc(0)) as Buffer
  return [part(1), part(2)]
}

/** One message's fields: varints as bigint, all else as bytes. */
function fieldsOf(body: Buffer): { number: number; data: Buffer | bigint }[] {
  const fields: { number: number; data: Buffer | bigint }[] = []
  let position = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = body[position++]
      if (byte === undefined) throw new RangeError('protobuf body ends in the middle of a field')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const bytes = (length: number): Buffer => body.subarray(position, (position += length))
  while (position < body.length) {
    const tag = Number(varint())
    const wireType = tag & 7
    const data = wireType === 0 ? varint() : bytes(wireType === 2 ? Number(varint()) : wireType === 1 ? 8 : 4)
    fields.push({ number: tag >>> 3, data })
  }
  return fields
}
