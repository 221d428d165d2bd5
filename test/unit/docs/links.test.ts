import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const pages = [
  'README.md',
  'chart/README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

test.each(pages)('every relative link of %s leads to a file', (page) => {
  const text = readFileSync(path.join(root, page), 'utf8')
  const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !link.includes('://'))
  const missing = links.filter((link) => !existsSync(path.join(root, path.dirname(page), link)))
  expect(missing).toEqual([])
})

test('every test that docs/security.md names is there', () => {
  const text = readFileSync(path.join(root, 'docs/security.md'), 'utf8')
  const named = [...text.matchAll(/`((?:unit|contract|e2e)\/[^`]+)`/g)].map(([, name = '']) => name)
  const missing = named.filter(
    (name) =>
      !existsSync(path.join(root, 'test', name)) && !existsSync(path.join(root, 'test', `${name}.test.ts`)),
  )
  expect(named.length).toBeGreaterThan(10)
  expect(missing).toEqual([])
})
