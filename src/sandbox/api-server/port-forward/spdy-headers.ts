import type { Transform } from 'node:stream'
import { constants, createDeflate, createInflate } from 'node:zlib'

/** Words of SPDY/3's compression dictionary, each preceded by its length there. */
const WORDS = [
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges',
  'age allow authorization cache-control connection content-base content-encoding content-language',
  'content-length content-location content-md5 content-range content-type date etag expect expires from',
  'host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location',
  'max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer',
  'transfer-encoding upgrade user-agent vary via warning www-authenticate method get status',
]
  .flatMap((line) => line.split(' '))
  .concat('200 OK', 'version', 'HTTP/1.1', 'url', 'public', 'set-cookie', 'keep-alive', 'origin')
const TAIL =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

/** Known to both sides: what a block repeats of it is not sent. */
const DICTIONARY = Buffer.concat([...WORDS.map(prefixed), Buffer.from(TAIL)])

/** Every block has to be readable without the next one. Headers are small: unpacked, they stay in memory. */
const PER_BLOCK = { flush: constants.Z_SYNC_FLUSH, highWaterMark: 1024 * 1024 }

/** Headers of one session, in both directions: each block builds on the previous ones, so their order matters. */
export class HeaderCodec {
  private readonly inflated = flushing(createInflate({ dictionary: DICTIONARY, ...PER_BLOCK }))
  private readonly deflated = flushing(createDeflate({ dictionary: DICTIONARY, ...PER_BLOCK }))

  /** Names are in lower case. */
  async read(block: Buffer): Promise<Record<string, string>> {
    const bytes = await this.inflated(block)
    let at = 4
    const text = () => {
      const length = bytes.readUInt32BE(at)
      at += 4 + length
      return bytes.toString('utf8', at - length, at)
    }
    const headers: Record<string, string> = {}
    for (let left = bytes.readUInt32BE(0); left > 0; left -= 1) headers[text()] = text()
    return headers
  }

  write(headers: Record<string, string>): Promise<Buffer> {
    const entries = Object.entries(headers)
    return this.deflated(Buffer.concat([uint32(entries.length), ...entries.flat().map(prefixed)]))
  }
}

/** Sends one block after another through the same (de)compressor. */
function flushing(zlib: Transform): (block: Buffer) => Promise<Buffer> {
  return (block) =>
    new Promise((resolve, reject) => {
      zlib.once('error', reject)
      zlib.write(block, () => {
        zlib.off('error', reject)
        resolve((zlib.read() as Buffer | null) ?? Buffer.alloc(0))
      })
    })
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([uint32(bytes.length), bytes])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
