import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Folders by how long their files take: a story of minutes that begins last would go on alone. */
const LONGEST_FIRST = ['test/e2e/', 'test/contract/', 'test/chart/']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST_FIRST.findIndex((folder) => moduleId.includes(folder))
      return at === -1 ? LONGEST_FIRST.length : at
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/gateways/**', 'test/cluster/**'],
    disableConsoleIntercept: true,
    globalSetup: ['test/support/global-setup.ts'],
    // Limits are for what hangs: a machine ten times slower than a quiet one meets them.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    // No test mocks a module: files share a worker and what it has loaded, which saves much CPU time.
    isolate: false,
    // Some of the time is spent waiting for helm, pods and probes: three at a time keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
})
