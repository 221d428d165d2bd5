import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { filesOfTgz } from '../../../src/lib/tar.js'
import { tarOf } from '../../support/tar.js'

const read = async (...entries: Parameters<typeof tarOf>) =>
  (await filesOfTgz(gzipSync(tarOf(...entries)), 1_000_000)).map(({ name, content }) => [
    name,
    content.toString(),
  ])

test('files with their content; directories and the header of git archive are left out', async () => {
  const global = { name: 'pax_global_header', type: 'g', content: '52 comment=abc\n' }
  const files = await read(
    global,
    { name: 'a/', type: '5' },
    { name: 'a/b', content: 'x'.repeat(600) },
    { name: 'a/c' },
  )
  expect(files).toEqual([
    ['a/b', 'x'.repeat(600)],
    ['a/c', ''],
  ])
})

test('long names, of pax and of GNU', async () => {
  const long = `a/${'n'.repeat(150)}`
  const record = `path=${long}\n`
  const pax = { name: 'pax', type: 'x', content: `${record.length + 4} ${record}` }
  const gnu = { name: '././@LongLink', type: 'L', content: `${long}\0` }
  expect(await read(pax, { name: 'cut' }, gnu, { name: 'cut' }, { name: 'b' })).toEqual([
    [long, ''],
    [long, ''],
    ['b', ''],
  ])
})

test.each([
  ['a link', { name: 'a/l', type: '2' }, /"a\/l" in it is a link/],
  ['a hard link', { name: 'a/l', type: '1' }, /is a link/],
])('%s is refused', async (_, entry, says) => {
  await expect(read(entry)).rejects.toThrow(says)
})

test('what is no archive, is cut off, or grows without end is refused', async () => {
  const tar = tarOf({ name: 'a/b', content: 'x'.repeat(600) })
  await expect(filesOfTgz(Buffer.from('no'), 1000)).rejects.toThrow()
  await expect(filesOfTgz(gzipSync(Buffer.alloc(1024, 1)), 2000)).rejects.toThrow('not a tar archive')
  await expect(filesOfTgz(gzipSync(tar.subarray(0, 700)), 2000)).rejects.toThrow('in the middle of a file')
  await expect(filesOfTgz(gzipSync(tar), 1000)).rejects.toThrow()
})
