import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const SRC = new URL('../../../src/', import.meta.url)
/** Gloo's words; `routes.virtualService` and `upstream.fallbackPolicy` are values of its part of the chart. */
const WORDS =
  /RouteTable|routetable|VirtualService|virtualservice|\bUpstreams?\b|gloo-system|gateway-proxy|solo\.io/i
const NO_WORD = /no healthy upstream|upstream_rq|upstream-service-time|no-healthy-upstream/g
/** Where they belong: the provider, its part of the sandbox, the import of the seed's charts. */
const HOME = /^(routing\/gloo|sandbox|commands\/sandbox|rollout\/import)\//
/** Flags and examples that name them to users. */
const NAMED = [
  'commands/install.ts', // --with-virtual-service
  'commands/upgrade.ts', // an example with upstream.fallbackPolicy
]

test.each([
  ['Gloo', WORDS, HOME, NAMED],
  [
    'the Gateway API',
    /HTTPRoute|GatewayClass|ReferenceGrant|parentRef/i,
    /^(routing\/gateway-api|sandbox|commands\/sandbox)\//,
    [],
  ],
])(
  'nothing but its provider says the words of %s, in code, texts or comments',
  async (_, words, home, named) => {
    const files = (await readdir(SRC, { recursive: true })).filter(
      (file) => file.endsWith('.ts') && !home.test(file) && !named.includes(file),
    )
    const said = await Promise.all(
      files.map(async (file) => {
        const lines = (await readFile(new URL(file, SRC), 'utf8')).split('\n')
        return lines.flatMap((line, index) =>
          words.test(line.replace(NO_WORD, '')) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
        )
      }),
    )
    expect(said.flat()).toEqual([])
  },
)
