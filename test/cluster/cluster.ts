import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect } from 'vitest'
import { startTraffic, type Traffic } from '../support/traffic.js'

const runJs = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** Label of the namespaces that these tests make; its value is that of one run. */
const LABEL = 'canary-test'

interface Settings {
  kubeconfig: string
  context: string
  proxyUrl: string
  /** What `canary install` is told of the way to the app. */
  install: string[]
  host?: string
}

/** Throws where a setting without which it must not start is missing, with all that are. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const {
    KUBECONFIG,
    CANARY_TEST_CONTEXT,
    CANARY_TEST_PROXY_URL,
    CANARY_TEST_PROVIDER,
    CANARY_TEST_GATEWAY,
    CANARY_TEST_API_GROUP,
    CANARY_TEST_HOST,
  } = env
  const isGatewayApi = CANARY_TEST_PROVIDER === 'gateway-api'
  const problems = [
    ...(KUBECONFIG ? [] : ['KUBECONFIG: the file that has the cluster']),
    ...(CANARY_TEST_CONTEXT ? [] : ['CANARY_TEST_CONTEXT: the context of KUBECONFIG to test in']),
    ...(CANARY_TEST_PROXY_URL ? [] : ['CANARY_TEST_PROXY_URL: where the gateway serves, http://HOST[:PORT]']),
    ...(isGatewayApi || CANARY_TEST_PROVIDER === 'gloo' ? [] : ['CANARY_TEST_PROVIDER: gloo or gateway-api']),
    ...(isGatewayApi && !CANARY_TEST_GATEWAY
      ? ['CANARY_TEST_GATEWAY: NAMESPACE/NAME of the Gateway to attach to']
      : []),
  ]
  if (!KUBECONFIG || !CANARY_TEST_CONTEXT || !CANARY_TEST_PROXY_URL || problems.length > 0) {
    throw new Error(`Nothing was done. Set these:\n  ${problems.join('\n  ')}`)
  }
  return {
    kubeconfig: KUBECONFIG,
    context: CANARY_TEST_CONTEXT,
    proxyUrl: CANARY_TEST_PROXY_URL.replace(/\/$/, ''),
    install: isGatewayApi
      ? ['--gateway', CANARY_TEST_GATEWAY!]
      : CANARY_TEST_API_GROUP
        ? ['--api-group', CANARY_TEST_API_GROUP]
        : [],
    host: CANARY_TEST_HOST,
  }
}

/** The caller's environment but for what would lead canary or helm elsewhere. */
function withoutTargets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(CANARY|HELM_(KUBE|NAMESPACE))/.test(name)),
  )
}

/** Somebody's cluster, used by canary, helm and kubectl as they are on PATH, in namespaces of its own alone. */
export class TestCluster {
  private readonly run = randomBytes(3).toString('hex')
  private readonly namespaces: string[] = []

  private constructor(
    private readonly settings: Settings,
    private readonly home: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async open(settings: Settings): Promise<TestCluster> {
    const { kubeconfig, context, proxyUrl, host } = settings
    const home = await mkdtemp(path.join(tmpdir(), 'canary-cluster-'))
    // Of the one context alone: no command can reach another cluster, whatever its flags.
    const view = ['config', 'view', '--raw', '--minify', '--flatten', `--context=${context}`]
    const { stdout } = await execa('kubectl', view, { env: { KUBECONFIG: kubeconfig } })
    const own = path.join(home, 'kubeconfig')
    await writeFile(own, stdout, { mode: 0o600 })
    return new TestCluster(settings, home, {
      ...withoutTargets(process.env),
      KUBECONFIG: own,
      XDG_STATE_HOME: path.join(home, 'state'),
      CANARY_PROXY_URL: proxyUrl,
      ...(host ? { CANARY_HOST: host } : {}),
      NO_COLOR: '1',
    })
  }

  /** Installs an app under a name that nothing has, in a namespace that it makes. */
  async install(version: string): Promise<string> {
    const app = `canary-test-${this.run}-${this.namespaces.length + 1}`
    await this.kubectl('create', 'namespace', app)
    this.namespaces.push(app)
    await this.kubectl('label', 'namespace', app, `${LABEL}=${this.run}`)
    await this.canary('install', app, version, ...this.settings.install)
    return app
  }

  /** Runs canary with --json, demands exit 0, and gives back the document. */
  async canary(...args: string[]): Promise<any> {
    const command = [runJs, ...args, '--json']
    const { exitCode, stdout, stderr } = await this.execute(process.execPath, command)
    const said = exitCode === 0 ? '' : stderr + stdout
    expect({ args, exitCode, said }).toEqual({ args, exitCode: 0, said: '' })
    return JSON.parse(stdout)
  }

  async helm(...args: string[]): Promise<string> {
    return this.must('helm', args)
  }

  async kubectl(...args: string[]): Promise<string> {
    return this.must('kubectl', args)
  }

  users(app: string, headers: Record<string, string> = {}): Traffic {
    const { proxyUrl, host } = this.settings
    return startTraffic(`${proxyUrl}/${app}`, 20, undefined, { ...headers, ...(host ? { host } : {}) })
  }

  /** Removes every namespace that it made, with all that is in it. */
  async close(): Promise<void> {
    for (const namespace of this.namespaces) {
      await this.execute(process.execPath, [runJs, 'uninstall', namespace, '--unverified', 'end of the test'])
    }
    if (this.namespaces.length > 0) {
      await this.kubectl('delete', 'namespace', ...this.namespaces, '--ignore-not-found')
    }
    await rm(this.home, { recursive: true, force: true })
  }

  private async must(command: string, args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.execute(command, args)
    expect({ args, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({
      args,
      exitCode: 0,
      stderr: '',
    })
    return stdout
  }

  private execute(command: string, args: string[]) {
    return execa(command, args, { env: this.env, extendEnv: false, cwd: this.home, reject: false, input: '' })
  }
}
