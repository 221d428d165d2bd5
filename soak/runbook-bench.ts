import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HelmMajor } from '../scripts/tools.js'
import { GATEWAY_API, GLOO } from '../test/support/providers.js'
import { type Arena, startArena } from './arena.js'
import type { CanaryProcess } from './canary-process.js'
import { descendants, signal } from './processes.js'
import { isUpgrading } from './release.js'

const APPS = ['echo', 'foxtrot', 'golf']
/** Each with a provider of its own. */
const CLUSTERS = { east: GLOO, west: GATEWAY_API }

/** Whether the second cluster waits for the first, or both are gone through at once. */
export type Order = 'one after the other' | 'side by side'

/** The runbook of each order: a file in the folder that runs are started in. */
const FILES: Record<Order, string> = {
  'one after the other': 'in-turn.yaml',
  'side by side': 'side-by-side.yaml',
}

/** An app in one of the clusters. */
export interface Place {
  cluster: string
  arena: Arena
  app: string
}

const STEPS = `
  - start: \${to}
  - shift: 25
  - run: echo "$CANARY_CLUSTER $CANARY_APP $to" >> ran.txt
  - pause: 300ms
  - shift: 100
  - finish
`

/** Two clusters with three apps each (a brief one: two), and a runbook of two waves that takes all of them to the next version. */
export class RunbookBench {
  /** The version that the newest run takes the apps to. */
  version = 'v1'
  /** Where runs are started, and keep their journals. */
  readonly home: Arena
  private count = 1
  private journalsBefore = new Set<string>()

  private constructor(readonly places: Place[]) {
    this.home = places[0]!.arena
  }

  /** Starts both clusters and installs v1 of the apps. */
  static async start(root: string, major: HelmMajor, isBrief?: boolean): Promise<RunbookBench> {
    const arenas = await Promise.all(
      Object.values(CLUSTERS).map((provider) => startArena({ root, major, provider, isBrief })),
    )
    const apps = isBrief ? APPS.slice(0, 2) : APPS
    const bench = new RunbookBench(
      Object.keys(CLUSTERS).flatMap((cluster, index) =>
        apps.map((app) => ({ cluster, arena: arenas[index]!, app })),
      ),
    )
    try {
      await bench.writeRunbooks()
      const { code, stderr } = await bench.home.canary(['run', 'install.yaml', '--yes'])
      if (code !== 0) throw new Error(`the apps could not be installed:\n${stderr}`)
    } catch (error) {
      await bench.close()
      throw error
    }
    return bench
  }

  /** The command that takes the apps to a version that none of them has had. */
  async nextCommand(order: Order): Promise<string[]> {
    this.count += 1
    this.version = `v${this.count}`
    this.journalsBefore = new Set(await this.journalFiles())
    return ['run', FILES[order], '--var', `to=${this.version}`, '--json']
  }

  /** The journal that the newest run writes by itself, as it is now; empty as long as there is none. */
  async journalText(): Promise<string> {
    const file = (await this.journalFiles()).find((name) => !this.journalsBefore.has(name))
    return file === undefined ? '' : readFile(path.join(this.journalFolder, file), 'utf8')
  }

  /** What the step `run` of the runbook has written so far, a line for each time. */
  async ran(): Promise<string[]> {
    const text = await readFile(path.join(this.home.home, 'ran.txt'), 'utf8').catch(() => '')
    return text.split('\n').filter(Boolean)
  }

  /** Resolves once the journal has another line of this type, or the run has ended. */
  async untilEvent(type: string, run: CanaryProcess): Promise<void> {
    const before = (await this.journalText()).length
    while (!run.hasEnded && !(await this.journalText()).slice(before).includes(`"type":"${type}"`)) {
      await sleep(1)
    }
  }

  /**
   * Stops the helm of the run's next upgrade once it has made its revision, and resolves with its process id; undefined
   * where the run ended before.
   */
  async stopInUpgrade(run: CanaryProcess): Promise<number | undefined> {
    while (!run.hasEnded) {
      const helm = (await descendants(run.pid)).find(({ command }) => command.startsWith('helm upgrade '))
      const place = helm && this.placeOf(helm.command)
      if (helm && place && (await this.stopWithin(helm.pid, place, run))) return helm.pid
      await sleep(2)
    }
    return undefined
  }

  /** After a case that went wrong: all apps stable again, so that the next one begins like the others. */
  async settle(): Promise<void> {
    for (const { arena, app } of this.places) await arena.canary(['abort', app, '--recover'])
  }

  async close(): Promise<void> {
    await Promise.all([...new Set(this.places.map(({ arena }) => arena))].map((arena) => arena.close()))
  }

  /** Helm runs in little bits until its revision is seen. False where it ended before that. */
  private async stopWithin(helm: number, { arena, app }: Place, run: CanaryProcess): Promise<boolean> {
    for (;;) {
      signal(helm, 'SIGSTOP')
      const isThere = await isUpgrading(arena, app)
      const isHelmThere = (await descendants(run.pid)).some(({ pid }) => pid === helm)
      if (isThere && isHelmThere) return true
      signal(helm, 'SIGCONT')
      if (!isHelmThere) return false
      await sleep(5)
    }
  }

  private placeOf(helmCommand: string): Place | undefined {
    const app = helmCommand.split(' ')[2]
    return this.places.find(
      (place) => place.app === app && helmCommand.includes(`--kubeconfig ${kubeconfigOf(place)} `),
    )
  }

  private get journalFolder(): string {
    return path.join(this.home.env.XDG_STATE_HOME!, 'canary', 'runs')
  }

  private journalFiles(): Promise<string[]> {
    return readdir(this.journalFolder).catch(() => [])
  }

  private async writeRunbooks(): Promise<void> {
    const clusters = Object.entries(CLUSTERS)
    const installs = clusters.map(
      ([cluster]) =>
        `  - { install: { version: v1, values: [${cluster}-values.yaml] }, when: { cluster: ${cluster} } }`,
    )
    const values = clusters.map(([cluster, { routes }]): [string, string] => [
      `${cluster}-values.yaml`,
      JSON.stringify({ routes }),
    ])
    const texts = {
      ...Object.fromEntries(values),
      'install.yaml': this.runbook('side by side', ['', ...installs].join('\n')),
      [FILES['one after the other']]: this.runbook('one after the other', STEPS),
      [FILES['side by side']]: this.runbook('side by side', STEPS),
    }
    await Promise.all(
      Object.entries(texts).map(([file, text]) => writeFile(path.join(this.home.home, file), text)),
    )
  }

  private runbook(order: Order, steps: string): string {
    const names = Object.keys(CLUSTERS)
    const clusters = names.map((cluster, index) => {
      const place = this.places.find((one) => one.cluster === cluster)!
      const after = index === 0 || order === 'side by side' ? '' : `, after: ${names[index - 1]}`
      return `  ${cluster}: { context: canary-sandbox, kubeconfig: ${kubeconfigOf(place)}${after} }`
    })
    const [first, ...rest] = [...new Set(this.places.map(({ app }) => app))]
    return [
      'apiVersion: canary/v1',
      'kind: Runbook',
      'vars: { to: { default: v1 } }',
      'clusters:',
      ...clusters,
      'waves:',
      `  - { name: edge, apps: [${first}] }`,
      `  - { name: rest, apps: [${rest.join(', ')}], parallel: 2 }`,
      `apps: { ${[first, ...rest].map((app) => `${app}: {}`).join(', ')} }`,
      'onFailure: stop',
      `steps:${steps}`,
    ].join('\n')
  }
}

function kubeconfigOf({ arena }: Place): string {
  return path.join(arena.home, 'kubeconfig')
}
