import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadRunbook } from '../../../src/runbook/file/load.js'

const docs = new URL('../../../docs/', import.meta.url)
const text = (name: string) => readFile(new URL(name, docs), 'utf8')

describe('docs/runbooks.md', () => {
  test.each(['rollout.yaml', 'rollout.sh', 'github-actions.yaml', 'gitlab-ci.yaml'])(
    'shows examples/%s as it is',
    async (name) => {
      const kind = name.endsWith('.sh') ? 'sh' : 'yaml'
      expect(await text('runbooks.md')).toContain(`\`\`\`${kind}\n${await text(`examples/${name}`)}\`\`\``)
    },
  )

  test('the pipelines are YAML, and run the runbook', async () => {
    const github = parse(await text('examples/github-actions.yaml')) as {
      jobs: Record<string, { needs?: string }>
    }
    expect(github.jobs['go-on']!.needs).toBe('start')
    const gitlab = parse(await text('examples/gitlab-ci.yaml')) as Record<string, { when?: string }>
    expect(gitlab['go-on']!.when).toBe('manual')
  })

  test('the runbook of the examples is a right one', async () => {
    const file = fileURLToPath(new URL('examples/rollout.yaml', docs))
    const { steps } = await loadRunbook(file, { vars: { to: 'v2' } })
    expect(steps.map(({ id }) => id)).toEqual([
      'start',
      'qa',
      'shift-25',
      'pause',
      'run',
      'shift-100',
      'pause-2',
      'finish',
    ])
  })
})
