import { messageOf, type FieldType, type Message } from './protobuf-messages.js'

/** How every protobuf body of Kubernetes starts, before the `runtime.Unknown` that wraps the object. */
const MAGIC = Buffer.from('k8s\0')

/** The object as in JSON (bytes as base64); undefined for kinds the sandbox cannot read. */
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
  if (type === 'time') return decodeTime(data)
  if (type === 'int-or-string') return decodeIntOrString(data)
  return decodeMessage(data, type as Message)
}

function decodeTime(body: Buffer): string | undefined {
  const seconds = fieldsOf(body).find(({ number }) => number === 1)?.data
  // Go's zero time is written without the field, or as a year before 1970.
  if (typeof seconds !== 'bigint' || BigInt.asIntN(64, seconds) <= 0n) return undefined
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

/** `{1 type (1: a string), 2 int, 3 string}` */
function decodeIntOrString(body: Buffer): number | string {
  const part = (wanted: number) => fieldsOf(body).find(({ number }) => number === wanted)?.data
  if (part(1) === 1n) return (part(3) as Buffer).toString()
  return Number(part(2) ?? 0n)
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
