import { createHash } from 'node:crypto'
import { Duplex } from 'node:stream'

/** RFC 6455's constant of the handshake. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const OPCODES = { binary: 2, close: 8, ping: 9, pong: 10 } as const
const FIN = 0x80

/** The answer to a client's `Sec-WebSocket-Key`. */
export function acceptKey(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}

/** The bytes of a WebSocket's binary messages, the server's side. Message boundaries are lost. */
export class WebSocketTunnel extends Duplex {
  private rest: Buffer = Buffer.alloc(0)

  constructor(private readonly socket: Duplex) {
    super()
    socket.on('data', (chunk: Buffer) => this.unpack(chunk))
    socket.once('end', () => this.push(null))
    socket.once('error', (error) => this.destroy(error))
    socket.once('close', () => this.destroy())
  }

  override _read(): void {
    this.socket.resume()
  }

  override _write(bytes: Buffer, _encoding: string, sent: (error?: Error | null) => void): void {
    this.socket.write(frame(OPCODES.binary, bytes), sent)
  }

  override _final(ended: (error?: Error | null) => void): void {
    this.socket.end(frame(OPCODES.close, Buffer.from([0x03, 0xe8])), () => ended()) // 1000: a normal end
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.destroy()
    done(error)
  }

  private unpack(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    for (let found = parse(this.rest); found; found = parse(this.rest)) {
      this.rest = this.rest.subarray(found.end)
      this.receive(found.opcode, found.payload)
    }
  }

  private receive(opcode: number, payload: Buffer): void {
    if (this.destroyed) return
    if (opcode === OPCODES.ping) this.socket.write(frame(OPCODES.pong, payload))
    else if (opcode === OPCODES.close) this.end()
    // Clients send no text; a fragmented message continues with opcode 0.
    else if (opcode <= OPCODES.binary && !this.push(payload)) this.socket.pause()
  }
}

/** The first frame, unmasked, and its end; undefined until it is complete. */
function parse(bytes: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]! & 0x7f
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0
  const isMasked = (bytes[1]! & 0x80) !== 0
  const start = 2 + extra + (isMasked ? 4 : 0)
  if (bytes.length < start) return undefined
  const length = extra === 2 ? bytes.readUInt16BE(2) : extra === 8 ? Number(bytes.readBigUInt64BE(2)) : short
  const end = start + length
  if (bytes.length < end) return undefined
  const payload = Buffer.from(bytes.subarray(start, end))
  if (isMasked) for (let at = 0; at < length; at += 1) payload[at]! ^= bytes[start - 4 + (at & 3)]!
  return { opcode: bytes[0]! & 0x0f, payload, end }
}

/** A whole message in one frame; a server does not mask. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const extra = length < 126 ? 0 : length < 2 ** 16 ? 2 : 8
  const head = Buffer.alloc(2 + extra)
  head[0] = FIN | opcode
  head[1] = extra === 0 ? length : extra === 2 ? 126 : 127
  if (extra === 2) head.writeUInt16BE(length, 2)
  if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}
