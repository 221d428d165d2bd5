import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

/** A file of an archive, with its name in the archive. */
export interface ArchivedFile {
  name: string
  content: Buffer
}

const BLOCK = 512

/**
 * The files of a gzipped tar archive (ustar, with the long names of pax and GNU), without directories. Throws Error if it is not
 * such an archive, unpacks to more than `mostBytes`, or contains anything but files and directories.
 */
export async function filesOfTgz(bytes: Buffer, mostBytes: number): Promise<ArchivedFile[]> {
  const tar = await promisify(gunzip)(bytes, { maxOutputLength: mostBytes })
  const files: ArchivedFile[] = []
  let longName: string | undefined
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const header = tar.subarray(at, at + BLOCK)
    if (!isSound(header)) throw new Error('it is not a tar archive, or a damaged one')
    const size = parseInt(text(header, 124, 12), 8) || 0
    const content = tar.subarray(at + BLOCK, at + BLOCK + size)
    if (content.length < size) throw new Error('it ends in the middle of a file')
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    const type = String.fromCharCode(header[156]!)
    if (type === 'g') continue
    if (type === 'x' || type === 'L') {
      longName = type === 'x' ? (paxPath(content) ?? longName) : text(content, 0, size)
      continue
    }
    const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : ''
    const name = longName ?? [prefix, text(header, 0, 100)].filter(Boolean).join('/')
    longName = undefined
    if (type === '5') continue
    if (type !== '0' && type !== '\0') throw new Error(`${JSON.stringify(name)} in it is a link or a device`)
    files.push({ name, content })
  }
  return files
}

/** Whether the header's checksum is right: the sum of its bytes, with its own field as spaces. */
function isSound(header: Buffer): boolean {
  let sum = 0
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte
  return parseInt(text(header, 148, 8), 8) === sum
}

/** A text that ends at its first zero byte. */
function text(bytes: Buffer, from: number, length: number): string {
  const field = bytes.subarray(from, from + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? field.length : end)
}

/** `path` of a pax header, whose records are `LENGTH KEY=VALUE\n`. */
function paxPath(content: Buffer): string | undefined {
  for (let at = 0; at < content.length;) {
    const length = parseInt(content.toString('utf8', at, content.indexOf(0x20, at)), 10)
    if (!(length > 0)) return undefined
    const record = content.toString('utf8', at, at + length - 1)
    const [, value] = /^\d+ path=([^]*)$/.exec(record) ?? []
    if (value !== undefined) return value
    at += length
  }
  return undefined
}
