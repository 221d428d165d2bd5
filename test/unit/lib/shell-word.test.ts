import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellWord } from '../../../src/lib/shell-word.js'

test.each([
  'plain-1.6/x:y=z',
  '',
  'two words',
  "it's",
  '$(touch x)',
  '`touch x`',
  '; rm -rf ~',
  'a\nb',
  '"',
  '*',
  '~',
])('a shell reads %j as it was', (text) => {
  expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text)
})
