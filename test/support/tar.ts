/** A tar archive (ustar) of these entries; `type` is a file's where none is given. */
export function tarOf(...entries: { name: string; type?: string; content?: string }[]): Buffer {
  const blocks = entries.flatMap(({ name, type = '0', content = '' }) => {
    const bytes = Buffer.from(content)
    const header = Buffer.alloc(512)
    header.write(name, 0, 100)
    header.write(`${bytes.length.toString(8).padStart(11, '0')} `, 124)
    header.write('        ', 148)
    header.write(type, 156)
    header.write('ustar\x0000', 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
