import { Duplex } from 'node:stream'
import { data, FrameReader, type Frame, goaway, ping, reset, synReply } from './spdy-frames.js'
import { HeaderCodec } from './spdy-headers.js'

/** One stream of a session, in both directions. */
export class SpdyStream extends Duplex {
  /** The peer ended it, or the whole session is over: nobody needs a message. */
  isOver = false
  private wantsMore?: () => void

  constructor(
    readonly id: number,
    readonly headers: Record<string, string>,
    private readonly send: (bytes: Buffer[], sent: (error?: Error | null) => void) => void,
  ) {
    super()
  }

  /** Data from the peer; resolves once there is room for more. */
  receive(bytes: Buffer): Promise<void> | undefined {
    if (this.destroyed || bytes.length === 0 || this.push(bytes)) return undefined
    return new Promise((resolve) => {
      this.wantsMore = resolve
      this.once('close', resolve)
    })
  }

  override _read(): void {
    this.wantsMore?.()
  }

  override _write(bytes: Buffer, _encoding: string, sent: (error?: Error | null) => void): void {
    this.send(data(this.id, bytes, false), sent)
  }

  override _final(ended: (error?: Error | null) => void): void {
    this.send(data(this.id, Buffer.alloc(0), true), ended)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const isComplete = this.readableEnded && this.writableFinished
    if (!this.isOver && !isComplete) this.send([reset(this.id)], () => undefined)
    done(error)
  }
}

/**
 * The server's side of SPDY/3.1 over a connection, until that ends. A stream with a slow reader blocks the whole
 * session, as in Kubernetes.
 */
export class SpdySession {
  private readonly codec = new HeaderCodec()
  private readonly reader = new FrameReader()
  private readonly streams = new Map<number, SpdyStream>()
  private lastId = 0

  constructor(
    private readonly connection: Duplex,
    private readonly onStream: (stream: SpdyStream) => void,
  ) {}

  /** Serves the session; resolves when it is over. */
  async serve(): Promise<void> {
    try {
      for await (const chunk of this.connection as AsyncIterable<Buffer>) {
        for (const frame of this.reader.read(chunk)) await this.take(frame)
      }
    } catch {
      // the connection broke, or what came is no SPDY: over in any case
    } finally {
      for (const stream of this.streams.values()) {
        stream.isOver = true
        stream.destroy()
      }
      this.connection.destroy()
    }
  }

  /** Announces the end to the peer, and ends. */
  end(): void {
    if (!this.connection.destroyed) this.connection.end(goaway(this.lastId))
  }

  private async take(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'syn stream':
        return this.begin(frame)
      case 'headers':
        await this.codec.read(frame.headers)
        return
      case 'data': {
        const stream = this.streams.get(frame.id)
        await stream?.receive(frame.data)
        if (frame.isLast && stream && !stream.destroyed) stream.push(null)
        return
      }
      case 'reset': {
        const stream = this.streams.get(frame.id)
        if (stream) stream.isOver = true
        stream?.destroy()
        return
      }
      case 'ping':
        this.connection.write(ping(frame.id))
        return
      case 'goaway':
      case 'other':
        return
    }
  }

  private async begin({ id, isLast, headers }: Extract<Frame, { type: 'syn stream' }>): Promise<void> {
    const stream = new SpdyStream(id, await this.codec.read(headers), (bytes, sent) => this.send(bytes, sent))
    this.lastId = id
    this.streams.set(id, stream)
    stream.on('error', () => undefined) // whoever uses it closes what belongs to it
    stream.once('close', () => this.streams.delete(id))
    this.connection.write(synReply(id, await this.codec.write({})))
    if (isLast) stream.push(null)
    this.onStream(stream)
  }

  private send(frames: Buffer[], sent: (error?: Error | null) => void): void {
    if (this.connection.destroyed || this.connection.writableEnded) return sent()
    this.connection.write(Buffer.concat(frames), sent)
  }
}
