import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'

/** A readable stream, such as stdin. */
export type TextStream = AsyncIterable<Uint8Array | string>

/** A file that is not text, or too long. */
class TextFileError extends Error {}

const BY_CODE: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'cannot exist: part of its path is not a folder',
  EISDIR: 'is a folder',
  EACCES: 'may not be read by you',
}

/** Why a file could not be read, a clause after its name; and whether it does not exist. */
export function whyUnreadable(error: unknown): { why: string; isMissing: boolean } {
  const { code = '', message } = error as NodeJS.ErrnoException
  const isMissing = code === 'ENOENT'
  if (error instanceof TextFileError) return { why: message, isMissing }
  return { why: BY_CODE[code] ?? `cannot be read: ${message}`, isMissing }
}

/**
 * Reads a file, or a stream (stdin), of at most `limit` bytes in UTF-8, with or without a byte order mark. Whatever the path
 * leads to (a device, a pipe, a huge file), it reads no more than that. Throws TextFileError with a clause, the system's error,
 * or what `inspect` throws about the opened file.
 */
export async function readTextFile(
  file: string | TextStream,
  limit: number,
  inspect?: (stats: Stats) => void,
): Promise<string> {
  const bytes = await (typeof file === 'string'
    ? readBytes(file, limit + 1, inspect)
    : readStream(file, limit + 1))
  if (bytes.length > limit) throw new TextFileError(`is larger than ${limit / 1024} KiB`)
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new TextFileError('is in UTF-16: save it as UTF-8')
  }
  const binary = new TextFileError('is no text in UTF-8')
  if (bytes.includes(0)) throw binary
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw binary
  }
}

async function readStream(stream: TextStream, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    chunks.push(bytes)
    length += bytes.length
    if (length >= most) break
  }
  return Buffer.concat(chunks).subarray(0, most)
}

async function readBytes(file: string, most: number, inspect?: (stats: Stats) => void): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    if (inspect) inspect(await handle.stat())
    const buffer = Buffer.allocUnsafe(most)
    let length = 0
    while (length < most) {
      const { bytesRead } = await handle.read(buffer, length, most - length, null)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  } finally {
    await handle.close()
  }
}
