/** Frames of SPDY/3.1 that a server of port-forwards gets. */

const TYPES = { 1: 'syn stream', 3: 'reset', 6: 'ping', 7: 'goaway', 8: 'headers' } as const
const FIN = 1
const CONTROL = 0x8003_0000
const MAX_DATA = 0xff_ffff

export type Frame =
  /** A stream begins. Headers are compressed. */
  | { type: 'syn stream'; id: number; isLast: boolean; headers: Buffer }
  /** More headers of a stream, compressed: only read to keep the compression in step. */
  | { type: 'headers'; id: number; headers: Buffer }
  | { type: 'data'; id: number; isLast: boolean; data: Buffer }
  | { type: 'reset' | 'ping' | 'goaway'; id: number }
  /** SETTINGS and WINDOW_UPDATE are ignored: Kubernetes' side has no flow control of its own. */
  | { type: 'other' }

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0)

  read(chunk: Buffer): Frame[] {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    const frames: Frame[] = []
    while (this.rest.length >= 8) {
      const end = 8 + this.rest.readUIntBE(5, 3)
      if (this.rest.length < end) break
      frames.push(parse(this.rest.subarray(0, end)))
      this.rest = this.rest.subarray(end)
    }
    return frames
  }
}

function parse(bytes: Buffer): Frame {
  const head = bytes.readUInt32BE(0)
  const isLast = (bytes[4]! & FIN) !== 0
  if (head < 0x8000_0000) return { type: 'data', id: head, isLast, data: bytes.subarray(8) }
  const type = TYPES[(head & 0xffff) as keyof typeof TYPES]
  if (!type || bytes.length < 12) return { type: 'other' }
  const id = bytes.readUInt32BE(8)
  if (type === 'syn stream') return { type, id, isLast, headers: bytes.subarray(18) }
  if (type === 'headers') return { type, id, headers: bytes.subarray(12) }
  return { type, id }
}

export function synReply(id: number, headers: Buffer): Buffer {
  return control(2, Buffer.concat([uint32(id), headers]))
}

/** @param status 5 is CANCEL */
export function reset(id: number, status = 5): Buffer {
  return control(3, Buffer.concat([uint32(id), uint32(status)]))
}

export function ping(id: number): Buffer {
  return control(6, uint32(id))
}

export function goaway(lastId: number): Buffer {
  return control(7, Buffer.concat([uint32(lastId), uint32(0)]))
}

/** The frames for some data, usually one. */
export function data(id: number, bytes: Buffer, isLast: boolean): Buffer[] {
  const frames: Buffer[] = []
  let at = 0
  do {
    const part = bytes.subarray(at, at + MAX_DATA)
    at += part.length
    const flags = isLast && at === bytes.length ? FIN : 0
    frames.push(Buffer.concat([uint32(id), flagged(flags, part.length)]), part)
  } while (at < bytes.length)
  return frames
}

function control(type: number, payload: Buffer): Buffer {
  return Buffer.concat([uint32(CONTROL + type), flagged(0, payload.length), payload])
}

function flagged(flags: number, length: number): Buffer {
  return uint32(flags * 2 ** 24 + length)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
