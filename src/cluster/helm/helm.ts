import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { commented, helmCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import { maskLiterals } from '../../lib/secrets/secret-texts.js'
import { secretsIn } from '../../lib/secrets/secrets.js'
import type { JsonObject } from '../../model/values.js'
import { ChartFiles } from './chart-files.js'
import { ChartPackages } from './chart-packages.js'
import type { PinnedCluster } from '../options.js'
import type { RollbackRequest, UpgradeRequest } from '../ports/releases.js'
import { explainHelm, helmMissing, helmTooOld } from './helm-errors.js'
import { attendLogin } from './helm-login.js'
import type { PrivateFolder } from '../private-folder.js'
import { explainPull } from './chart-pull-errors.js'

/** The oldest Helm with every feature that is used here. */
const OLDEST = { major: 3, minor: 8 }

/**
 * Revisions that a helm run by canary keeps: a rollout of a dozen steps, the one before it, and later upgrades that
 * `undo` has to look behind. Helm's own limit is 10; HELM_MAX_HISTORY overrides this one.
 */
export const KEPT_REVISIONS = 30

/** Limit of helm's stdout: many times the objects of any release. */
const STDOUT_BYTES = 32 * 1024 * 1024
/** The end of stderr that is kept; the error comes last, after warnings. */
const STDERR_BYTES = 64 * 1024

/** A chart's files may change during a long run. */
const RENDER_KEPT_MS = 60_000

interface Render {
  manifest: Promise<string>
  startedAt: number
}

export interface HelmOutcome {
  command: string
  exitCode: number | undefined
  stdout: string
  stderr: string
  /** Why the kubeconfig's login command under it was ended. */
  loginEnded?: ExternalError
}

/**
 * The only runner of helm. Values go to its stdin as JSON (YAML in which keys and versions stay strings), never on the
 * command line. A started helm is left to end by itself: killed halfway, it would leave the release pending, and nobody
 * could upgrade it.
 */
export class Helm {
  private versionFound?: Promise<string>
  private calls = 0
  private readonly renders = new Map<string, Render>()
  private readonly charts: ChartFiles
  private readonly packages: ChartPackages

  constructor(
    private readonly cluster: () => Promise<PinnedCluster>,
    private readonly folder: PrivateFolder,
  ) {
    this.charts = new ChartFiles(folder)
    this.packages = new ChartPackages(folder, (chart, version) => this.pull(chart, version))
  }

  /** The version, e.g. `v4.2.3`. Throws ExternalError without helm, or with one older than 3.8. */
  version(): Promise<string> {
    this.versionFound ??= this.findVersion()
    return this.versionFound
  }

  /** The folder of a chart as users name it; see ChartPackages. Throws ExternalError if Helm cannot fetch it. */
  chartFolder(chart: string, version?: string): Promise<string> {
    return this.packages.folderOf(chart, version)
  }

  /**
   * The objects of a chart with complete values, a YAML stream; without access to the cluster. The checks before an
   * upgrade all read the same objects, so they are rendered once, and again after an upgrade or a minute.
   */
  async render({ app, namespace, chart, values }: Omit<UpgradeRequest, 'description'>): Promise<string> {
    await this.version()
    const upgrade = 'record' in chart ? ['--is-upgrade'] : []
    const args = ['template', app, await this.charts.pathOf(chart), '--values', '-', ...upgrade]
    const key = JSON.stringify([namespace, args, values])
    const known = this.renders.get(key)
    if (known && Date.now() - known.startedAt < RENDER_KEPT_MS) return known.manifest
    const manifest = this.run({ app, namespace }, args, values)
    this.renders.set(key, { manifest, startedAt: Date.now() })
    manifest.catch(() => this.renders.delete(key))
    return manifest
  }

  /** `helm install`, creating the namespace if needed; resolves with the revision. */
  install(request: UpgradeRequest): Promise<number> {
    return this.apply('install', request, ['--create-namespace', '--skip-crds'])
  }

  /** `helm upgrade` with exactly these values; resolves with the new revision. Does not wait for pods. */
  upgrade(request: UpgradeRequest): Promise<number> {
    return this.apply('upgrade', request, ['--reset-values', ...historyLimit()])
  }

  /** `helm rollback` to a revision of the history, without waiting for pods; hooks of its record do not run. */
  async rollback({ app, namespace, revision, takeOver }: RollbackRequest): Promise<void> {
    const args = [
      'rollback',
      app,
      String(revision),
      '--no-hooks',
      ...historyLimit(),
      ...(takeOver ? await this.forceConflicts() : []),
    ]
    await this.run({ app, namespace }, args)
  }

  /** `helm uninstall`; fine if it is already gone, and hooks of its record do not run. */
  async uninstall(app: string, namespace: string): Promise<void> {
    await this.version()
    await this.run({ app, namespace }, ['uninstall', app, '--ignore-not-found', '--no-hooks'])
  }

  /** Helm 4 uses server-side apply, which conflicts with fields of others; Helm 3 overwrites them anyway. */
  private async forceConflicts(): Promise<string[]> {
    const version = await this.version()
    return /^v?[0-3]\./.test(version) ? [] : ['--force-conflicts']
  }

  private async apply(
    verb: 'install' | 'upgrade',
    request: UpgradeRequest,
    flags: string[],
  ): Promise<number> {
    const { app, namespace, chart, values, description } = request
    this.renders.clear()
    await this.version()
    const chartPath = await this.charts.pathOf(chart)
    const force = request.takeOver ? await this.forceConflicts() : []
    const args = [verb, app, chartPath, ...flags, ...force, '--values', '-', '--description', description]
    const said = await this.run({ app, namespace }, [...args, '--output', 'json'], values)
    return revisionIn(said, `helm ${args.join(' ')}`)
  }

  private async run(
    release: { app: string; namespace: string },
    args: string[],
    values?: JsonObject,
  ): Promise<string> {
    const pinned = await this.cluster()
    const { kubeconfig, kubeContext } = pinned
    const cluster = [
      '--namespace',
      release.namespace,
      ...(kubeconfig ? ['--kubeconfig', kubeconfig] : []),
      ...(kubeContext ? ['--kube-context', kubeContext] : []),
    ]
    const outcome = await this.spawn([...args, ...cluster], values ? JSON.stringify(values) : '', pinned)
    if (outcome.exitCode === 0) return outcome.stdout
    if (outcome.loginEnded) throw outcome.loginEnded
    // Helm, charts and the cluster repeat values in their errors.
    const stderr = maskLiterals(outcome.stderr, secretsIn(values))
    const isDeployed = args[0] === 'upgrade' || args[0] === 'rollback' || args.includes('--is-upgrade')
    throw explainHelm({ ...outcome, stderr }, { ...release, isDeployed })
  }

  /**
   * Runs helm in its own session, out of reach of the terminal's Ctrl-C, with its output in files: if this process is
   * killed, helm goes on and ends properly instead of dying of a broken pipe.
   */
  private async spawn(args: string[], input: string, cluster: PinnedCluster = {}): Promise<HelmOutcome> {
    const { execa } = await import('execa')
    this.calls += 1
    const base = path.join(this.folder.path(), `helm-${this.calls}`)
    const [stdout, stderr] = await Promise.all([open(`${base}.out`, 'w'), open(`${base}.err`, 'w')])
    const ended = new AbortController()
    try {
      const running = execa('helm', args, {
        input,
        // Any descriptor works; execa's types only know the small ones.
        stdout: stdout.fd as 3,
        stderr: stderr.fd as 3,
        detached: true,
        cleanup: false,
        reject: false,
      })
      const login =
        running.pid === undefined ? undefined : attendLogin(running.pid, `${base}.err`, cluster, ended.signal)
      const result = await running
      ended.abort()
      const loginEnded = await login
      if (result.code === 'ENOENT') throw helmMissing(result.command)
      const [out, err] = await Promise.all([
        readEnd(`${base}.out`, STDOUT_BYTES),
        readEnd(`${base}.err`, STDERR_BYTES),
      ])
      if (out.length >= STDOUT_BYTES) throw tooMuch(result.command)
      return {
        command: result.command,
        exitCode: result.exitCode,
        stdout: out,
        loginEnded,
        stderr: err || (result.exitCode === undefined ? (result.shortMessage ?? '') : ''),
      }
    } finally {
      ended.abort()
      await Promise.all([stdout.close(), stderr.close()])
      await Promise.all([rm(`${base}.out`, { force: true }), rm(`${base}.err`, { force: true })])
    }
  }

  /** Fetches a chart package with Helm's own logins, repositories and cache; resolves with its path. */
  private async pull(chart: string, version?: string): Promise<string> {
    await this.version()
    const into = await mkdtemp(path.join(this.folder.path(), 'pull-'))
    const which = version === undefined ? [] : ['--version', version]
    const outcome = await this.spawn(['pull', chart, ...which, '--destination', into], '')
    const [file] = await readdir(into)
    if (outcome.exitCode !== 0 || file === undefined) throw explainPull(outcome, chart)
    return path.join(into, file)
  }

  private async findVersion(): Promise<string> {
    const outcome = await this.spawn(['version', '--template', '{{.Version}}'], '')
    if (outcome.exitCode !== 0) throw explainHelm(outcome)
    const version = outcome.stdout.trim()
    const [, major = 0, minor = 0] = (/^v?(\d+)\.(\d+)/.exec(version) ?? []).map(Number)
    if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)) {
      throw helmTooOld(version, `${OLDEST.major}.${OLDEST.minor}`)
    }
    return version
  }
}

/** The caller's environment takes precedence. */
function historyLimit(): string[] {
  return process.env.HELM_MAX_HISTORY ? [] : ['--history-max', String(KEPT_REVISIONS)]
}

function tooMuch(command: string): ExternalError {
  return new ExternalError(`helm printed more than ${STDOUT_BYTES / 1024 / 1024} MiB.`, {
    command,
    nextSteps: ['run it by hand and check what it prints: is it helm?'],
  })
}

/** The end of a file, as text. */
async function readEnd(file: string, most: number): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, most)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** The revision in the output of `helm install|upgrade --output json`. */
function revisionIn(stdout: string, command: string): number {
  try {
    const { version } = JSON.parse(stdout) as { version?: unknown }
    if (typeof version === 'number') return version
  } catch {
    // said below, with what helm printed
  }
  throw new ExternalError('helm succeeded but did not report which revision it created.', {
    command,
    code: 0,
    nextSteps: [commented(helmCommand(['version']), 'canary supports Helm 3.8 and newer, and Helm 4')],
  })
}
