import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toolsFolder } from '../../scripts/tools.js'
import type { Fault } from '../../src/sandbox/faults.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

/**
 * Bad input, through the real binary: each case has its own message, exit code and remedy, and changes nothing.
 * `says` and `remedy` are looked for in what is printed on stderr.
 */
interface Case {
  name: string
  args: string[]
  env?: () => Record<string, string>
  before?: () => Promise<void>
  /** In force while canary runs. */
  fault?: Fault
  exitCode: number
  says: RegExp
  remedy: RegExp
}

let cli: SandboxCli
let onlyHelm: string
let onlyKubectl: string

beforeAll(async () => {
  cli = await startSandboxCli(4, QUICK)
  await must(cli.canary(['install', 'echo', 'v1', '--with-virtual-service']))
  await must(cli.canary(['start', 'echo', 'v2', '--deploy-only']))
  await must(cli.canary(['install', 'foxtrot', 'v1']))
  await file('no.yaml', 'deployment: [unclosed\n')
  await file('list.yaml', '- a\n- b\n')
  onlyHelm = await folderWith('helm')
  onlyKubectl = await folderWith('kubectl')
})
afterAll(async () => {
  await cli.close()
})

const cases: Case[] = [
  ...['status', 'verify', 'history', 'values', 'doctor'].map((command) => ({
    name: `${command} of an app that is not there`,
    args: [command, 'ecoh'],
    exitCode: 6,
    says: /no release named ecoh in any namespace; the nearest: echo \(namespace echo\)/,
    remedy: /canary status echo/,
  })),
  {
    name: 'status of a namespace that is not there',
    args: ['status', '-n', 'nowhere'],
    exitCode: 6,
    says: /no namespace nowhere/,
    remedy: /canary status/,
  },
  {
    name: 'unknown app',
    args: ['start', 'nosuch', 'v2'],
    exitCode: 6,
    says: /no release named nosuch/i,
    remedy: /canary install nosuch/,
  },
  {
    name: 'a version deployed already with another config',
    args: ['start', 'echo', 'v2', '--image', 'example/echo:2.0'],
    exitCode: 6,
    says: /v2 .*(another|other|differ)/i,
    remedy: /canary abort echo/,
  },
  {
    name: 'the version that is primary already',
    args: ['start', 'foxtrot', 'v1'],
    exitCode: 6,
    says: /v1 .*primary/i,
    remedy: /canary start foxtrot/,
  },
  {
    name: 'a version that is no DNS label',
    args: ['start', 'foxtrot', 'V_2'],
    exitCode: 2,
    says: /V_2/,
    remedy: /lower-case|a-z/,
  },
  {
    name: 'weight out of range',
    args: ['shift', 'echo', '150'],
    exitCode: 2,
    says: /150/,
    remedy: /0.*100/,
  },
  {
    name: 'negative weight',
    args: ['shift', 'echo', '--', '-5'],
    exitCode: 2,
    says: /-5/,
    remedy: /0.*100/,
  },
  {
    name: 'weight that is no integer',
    args: ['shift', 'echo', '12.5'],
    exitCode: 2,
    says: /12\.5/,
    remedy: /integer|whole/,
  },
  {
    name: 'weight that is no number',
    args: ['shift', 'echo', 'half'],
    exitCode: 2,
    says: /half/,
    remedy: /integer|whole/,
  },
  {
    name: 'shift where there is no canary route',
    args: ['shift', 'foxtrot', '50'],
    exitCode: 6,
    says: /foxtrot/,
    remedy: /canary start foxtrot/,
  },
  {
    name: 'finish where there is no canary route',
    args: ['finish', 'echo', 'v2'],
    exitCode: 6,
    says: /v2|deployed/,
    remedy: /canary (start|shift) echo/,
  },
  {
    name: 'a header without a value',
    args: ['start', 'foxtrot', 'v2', '--header', 'stage'],
    exitCode: 2,
    says: /stage/,
    remedy: /name=value/,
  },
  {
    name: 'an unknown flag',
    args: ['start', 'echo', 'v2', '--wieght', '5'],
    exitCode: 2,
    says: /--wieght/,
    remedy: /--help/,
  },
  {
    name: 'a missing argument',
    args: ['start', 'echo'],
    exitCode: 2,
    says: /version/i,
    remedy: /--help/,
  },
  {
    name: 'no cluster',
    args: ['status', 'echo'],
    env: () => ({ KUBECONFIG: path.join(cli.home, 'nowhere') }),
    exitCode: 5,
    says: /cluster|connect|refused/i,
    remedy: /kubeconfig|KUBECONFIG|--kube-context/,
  },
  {
    name: 'no helm',
    args: ['start', 'echo', 'v2'],
    env: () => ({ PATH: onlyKubectl }),
    exitCode: 5,
    says: /helm/,
    remedy: /PATH|install/i,
  },
  {
    name: 'no kubectl',
    args: ['status', 'echo'],
    env: () => ({ PATH: onlyHelm }),
    exitCode: 5,
    says: /kubectl/,
    remedy: /PATH|install/i,
  },
  {
    name: 'wrong context',
    args: ['status', 'echo', '--kube-context', 'nosuch'],
    exitCode: 5,
    says: /context.*nosuch|nosuch.*context/i,
    remedy: /--kube-context|kubectl config get-contexts/,
  },
  {
    name: 'a release that is not from this chart',
    args: ['start', 'other', 'v2'],
    before: async () => {
      const chart = path.join(cli.home, 'other-chart')
      await mkdir(path.join(chart, 'templates'), { recursive: true })
      await file('other-chart/Chart.yaml', 'apiVersion: v2\nname: other-chart\nversion: 1.0.0\n')
      await file(
        'other-chart/templates/cm.yaml',
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n',
      )
      await must(cli.helm(['install', 'other', chart, '-n', 'other', '--create-namespace']))
    },
    exitCode: 6,
    says: /other-chart/,
    remedy: /namespace|app/,
  },
  {
    name: "values this chart can't explain",
    args: ['start', 'odd', 'v4'],
    before: async () => {
      await must(cli.canary(['install', 'odd', 'v1']))
      const values = JSON.stringify({
        deployment: { v1: {}, v2: {}, v3: {} },
        routes: { apiGroup: 'example', primary: { version: 'v1' } },
      })
      const chart = new URL('../../chart', import.meta.url).pathname
      await must(cli.helm(['upgrade', 'odd', chart, '-n', 'odd', '--values', '-'], values))
    },
    exitCode: 6,
    says: /v1.*v2.*v3|three|3 versions/i,
    remedy: /canary values odd/,
  },
  {
    name: 'a values file that is not there',
    args: ['install', 'golf', 'v1', '-f', 'missing.yaml'],
    exitCode: 2,
    says: /missing\.yaml/,
    remedy: /path|file|exist/i,
  },
  {
    name: 'a values file that is no YAML',
    args: ['install', 'golf', 'v1', '-f', 'no.yaml'],
    exitCode: 2,
    says: /no\.yaml/,
    remedy: /line|YAML/,
  },
  {
    name: 'a values file that is a list',
    args: ['install', 'golf', 'v1', '-f', 'list.yaml'],
    exitCode: 2,
    says: /list\.yaml/,
    remedy: /map|object/,
  },
  {
    name: 'proxy refusing connections',
    args: ['verify', 'foxtrot', '--proxy-url', 'http://127.0.0.1:9', '--verify-timeout', '1s'],
    exitCode: 4,
    says: /127\.0\.0\.1:9.*refused|refused/i,
    remedy: /--proxy-url|canary doctor/,
  },
  {
    name: 'a proxy URL that is none',
    args: ['verify', 'foxtrot', '--proxy-url', 'nonsense'],
    exitCode: 2,
    says: /nonsense/,
    remedy: /http/,
  },
  {
    name: 'no proxy address',
    args: ['verify', 'foxtrot'],
    before: async () => {
      await must(cli.kubectl(['delete', 'service', 'gateway-proxy', '-n', 'gloo-system']))
    },
    exitCode: 5,
    says: /gateway-proxy/,
    remedy: /--proxy-url/,
  },
  {
    name: 'forbidden by RBAC',
    args: ['status', 'echo', '-n', 'echo'],
    fault: { kind: 'forbid', verb: 'list', resource: 'secrets' },
    exitCode: 5,
    says: /(forbid|may not|not allowed).*secrets|secrets.*forbidden/i,
    remedy: /role|permission|RBAC|doctor/i,
  },
  {
    name: 'a newer pending revision',
    args: ['start', 'foxtrot', 'v2', '--proxy-url', 'http://127.0.0.1:9'],
    before: async () => relabelNewest('foxtrot', 'pending-upgrade'),
    exitCode: 6,
    says: /pending-upgrade/,
    remedy: /canary start foxtrot v2 --recover/,
  },
  {
    name: 'a newer failed revision',
    args: ['shift', 'echo', '10', '--proxy-url', 'http://127.0.0.1:9'],
    before: async () => {
      // Helm's own failure: an upgrade whose manifest the API server refuses.
      const chart = new URL('../../chart', import.meta.url).pathname
      cli.sandbox.faults.add({ kind: 'forbid', verb: 'patch', resource: 'deployments' })
      const outcome = await cli.helm(
        ['upgrade', 'echo', chart, '-n', 'echo', '--reset-values', '--values', '-'],
        JSON.stringify({
          deployment: { v1: { replicas: 2 }, v2: {} },
          routes: { apiGroup: 'example', primary: { version: 'v1' } },
        }),
      )
      cli.sandbox.faults.clear()
      expect(outcome.exitCode).not.toBe(0)
    },
    exitCode: 6,
    says: /failed/,
    remedy: /canary shift echo 10 --recover/,
  },
]

describe('bad input', () => {
  for (const entry of cases) {
    test(entry.name, async () => {
      await entry.before?.()
      const before = await records()
      if (entry.fault) cli.sandbox.faults.add(entry.fault)
      const [command = '', ...rest] = entry.args
      const text = await cli.canary([command, ...rest], { env: entry.env?.() })
      // With --json one case of each exit code: the rendering is the same for all.
      const isFirst = cases.find(({ exitCode }) => exitCode === entry.exitCode) === entry
      const json = isFirst && (await cli.canary([command, '--json', ...rest], { env: entry.env?.() }))
      cli.sandbox.faults.clear()

      expect(text.exitCode, text.stderr + text.stdout).toBe(entry.exitCode)
      expect(text.stdout).toBe('')
      expect(text.stderr).toMatch(entry.says)
      expect(text.stderr).toMatch(entry.remedy)
      expect(text.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/)
      if (json) {
        expect(json.exitCode, 'the exit code with --json').toBe(entry.exitCode)
        expect(JSON.parse(json.stdout).error).toMatchObject({ code: entry.exitCode })
      }
      expect(await records(), 'nothing was changed').toEqual(before)
    })
  }
})

test.each([
  ['kubeconfig', 'defaults: {kubeconfig: /elsewhere/kubeconfig}'],
  ['events', 'defaults: {events: events.jsonl}'],
])('a canary.yaml that was only found sets no %s: exit 2, with --config as the remedy', async (key, text) => {
  await file('canary.yaml', `${text}\n`)
  try {
    const { exitCode, stdout, stderr } = await cli.canary(['start', 'foxtrot', 'v2'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(new RegExp(`canary\\.yaml.*${key} needs a file that you name`))
    expect(stderr).toContain('--config ./canary.yaml')
    expect(await readdir(cli.home)).not.toContain('events.jsonl')
  } finally {
    await rm(path.join(cli.home, 'canary.yaml'))
  }
})

/** Names and statuses of every release record there is. */
async function records(): Promise<string[]> {
  const { apiUrl, token } = cli.sandbox
  const url = `${apiUrl}/api/v1/secrets?labelSelector=owner%3Dhelm`
  const { items } = (await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json()) as {
    items: { metadata: { namespace: string; name: string; labels: { status: string } } }[]
  }
  return items.map(({ metadata: { namespace, name, labels } }) => `${namespace}/${name} ${labels.status}`)
}

/** Marks a copy of the newest record as the next revision with another status, as a killed Helm leaves it. */
async function relabelNewest(app: string, status: string): Promise<void> {
  const name = `sh.helm.release.v1.${app}.v1`
  const { stdout } = await must(cli.kubectl(['get', 'secret', name, '-n', app, '-o', 'json']))
  const secret = JSON.parse(stdout)
  const { gunzipSync, gzipSync } = await import('node:zlib')
  const decode = (data: string) =>
    JSON.parse(gunzipSync(Buffer.from(Buffer.from(data, 'base64').toString(), 'base64')).toString())
  const record = decode(secret.data.release)
  record.version = 2
  record.info.status = status
  secret.metadata = {
    name: `sh.helm.release.v1.${app}.v2`,
    namespace: app,
    labels: { ...secret.metadata.labels, version: '2', status },
  }
  const zipped = gzipSync(JSON.stringify(record)).toString('base64')
  secret.data.release = Buffer.from(zipped).toString('base64')
  await must(cli.kubectl(['create', '-f', '-'], JSON.stringify(secret)))
}

async function must(outcome: ReturnType<SandboxCli['canary']>): ReturnType<SandboxCli['canary']> {
  const result = await outcome
  if (result.exitCode !== 0) throw new Error(`exit ${result.exitCode}\n${result.stdout}\n${result.stderr}`)
  return result
}

async function file(name: string, content: string): Promise<void> {
  await writeFile(path.join(cli.home, name), content)
}

/** A folder to be the whole PATH, with one of the two tools in it. */
async function folderWith(tool: string): Promise<string> {
  const folder = path.join(cli.home, `only-${tool}`)
  await mkdir(folder)
  const tools = (await toolsFolder(4)) ?? '/usr/local/bin'
  await symlink(path.join(tools, tool), path.join(folder, tool))
  await chmod(folder, 0o755)
  return folder
}
