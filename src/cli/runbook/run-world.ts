import { plainTexts } from '../../report/terminal/terminal-text.js'
import path from 'node:path'
import type { OpenCluster } from '../../cluster/open.js'
import { CanaryError } from '../../model/errors.js'
import type { EmitRun, RunApp } from '../../model/run-events.js'
import type { FileSettings } from '../../model/setting-names.js'
import { RunLines } from '../../report/text/run-lines.js'
import type { AppContext, RunIdentity } from '../../runbook/run/app-context.js'
import type { Runbook, RunbookCluster } from '../../runbook/runbook.js'
import { type Ci, ciOf } from '../output/ci.js'
import { ROUTING_RESOURCES } from '../../routing/select.js'
import { operationContext } from '../session/operation-context.js'
import type { Output } from '../output/output.js'
import { openRunJournal, type RunJournal } from './run-journal.js'
import { RunTerminal } from './run-terminal.js'
import {
  configNote,
  learnSecrets,
  namedCluster,
  type ParsedFlags,
  resolveSettings,
  type Settings,
} from '../session/settings.js'
import { watchSignals } from '../session/signals.js'

export interface RunRequest {
  runbook: Runbook
  identity: RunIdentity
  /** The runbook's path as given; undefined without a file. */
  file?: string
  /** The only apps to run; undefined: all. */
  only?: string[]
  /** The last step to be done. */
  until?: string
  /** Why, by the id of the step that is approved. */
  approve: Map<string, string>
  noWait: boolean
  parsed: ParsedFlags
}

/** What a run has open: a cluster for each context, the lines on the terminal, the journal. */
export interface RunWorld {
  emit: EmitRun
  signal: AbortSignal
  terminal: RunTerminal
  journal?: RunJournal
  ci?: Ci
  /** The file that settings came from, beside the runbook. */
  configFile?: string
  of: (app: string, cluster: RunbookCluster) => Promise<AppContext>
}

/**
 * Opens what a run needs while the work lasts, and always closes it. Checks settings, files and contexts of all apps first:
 * throws UsageError before any cluster is contacted.
 */
export async function withRunWorld<T>(
  request: RunRequest,
  output: Output,
  { version, quiet }: { version: string; quiet: boolean },
  work: (world: RunWorld) => Promise<T>,
): Promise<T> {
  const { runbook, parsed, identity } = request
  const settings = await allSettings(runbook, parsed)
  await checkAll(request)
  const [{ openCluster }, { createVerifier }, { runCommand }] = await Promise.all([
    import('../../cluster/open.js'),
    import('../../verification/probing/create-verifier.js'),
    import('../../cluster/shell-command.js'),
  ])
  const { secrets } = output
  const signals = watchSignals((line) => terminal.say(line), {
    first: () =>
      'Stopping once the helm under way is done, so that no release is left half changed. Press Ctrl-C again to stop at once.',
    second: () => {
      terminal.show([])
      return `Stopped at once. To continue where each app is: ${identity.command}`
    },
  })
  const { signal } = signals
  const terminal = new RunTerminal(output, signal)
  const isMeant = ({ app }: RunApp) => request.only?.includes(app) ?? true
  const lines = new RunLines(output.stderrPalette, [...places(runbook)].filter(isMeant))
  const { ask } = terminal
  const own = await resolveSettings(undefined, parsed, { cwd: process.cwd(), env: process.env })
  const used = [own, ...[...settings.values()].flatMap((apps) => [...apps.values()])]
  const note = configNote(used)
  if (note !== undefined) terminal.say(note)
  const journal = quiet
    ? undefined
    : openRunJournal(own.events, identity, output, (message) => terminal.say(`! ${message}`))
  const ci = quiet ? undefined : ciOf(process.env, request.file, terminal, output)
  const emit: EmitRun = (event) => {
    journal?.write(event)
    if (quiet) return
    ci?.before(event)
    for (const line of lines.report(plainTexts(event))) terminal.say(line)
    terminal.show(lines.live())
    ci?.after(event)
  }
  const clusters = new Map<string, OpenCluster>()
  const warn = (message: string) => terminal.say(`! ${message}`)
  const of = (app: string, cluster: RunbookCluster): Promise<AppContext> => {
    const of = settings.get(cluster)!.get(app)!
    const { kubeconfig, kubeContext } = of
    learnSecrets(of, secrets)
    const key = JSON.stringify([kubeconfig, kubeContext])
    const say = (line: string) => terminal.say(line)
    const there =
      clusters.get(key) ??
      openCluster({ kubeconfig, kubeContext, signal, secrets, say, warn }, ROUTING_RESOURCES)
    clusters.set(key, there)
    const where = { app, ...(cluster.name === undefined ? {} : { cluster: cluster.name }) }
    const parts = { cluster: there, verifier: createVerifier(), signal, secrets, version, ask }
    return Promise.resolve({
      context: operationContext(of, {
        ...parts,
        emit: (event) => emit({ ...where, type: 'operation', event }),
      }),
      emit,
      cluster: {
        ...namedCluster(of, parsed),
        ...(cluster.context === undefined && cluster.kubeconfig === undefined
          ? {}
          : { isKnownToCanary: false }),
      },
      namespace: of.namespace,
      canaryHeaders: of.canaryHeaders,
      run: identity,
      pathOf: (file) => path.resolve(path.dirname(runbook.file), file),
      analysisMs: of.durationMs,
      runCommand,
      approved: request.approve,
      askToApprove: ask && ((question, until) => ask(question, until).catch(() => false)),
      noWait: request.noWait,
      until: request.until,
    })
  }
  try {
    const configFile = used.find(({ config }) => config)?.config?.file
    return await work({ emit, signal, terminal, journal, ci, configFile, of })
  } catch (error) {
    const caught = signals.caught()
    if (!caught || (error instanceof CanaryError && error.outcome !== 'external')) throw error
    // While reading the apps, or asking: apps under way report by themselves how they were interrupted.
    throw new CanaryError(caught === 'SIGINT' ? 'interrupted' : 'terminated', 'Interrupted.', {
      state: 'Nothing was changed.',
      nextSteps: [identity.command],
      cause: error,
    })
  } finally {
    terminal.show([])
    signals.dispose()
    await Promise.all([...clusters.values()].map((cluster) => cluster.close()))
  }
}

/** Of every app in every cluster, checked. */
async function allSettings(
  { clusters, waves, file, onFailure }: Runbook,
  parsed: ParsedFlags,
): Promise<Map<RunbookCluster, Map<string, Settings>>> {
  const all = new Map<RunbookCluster, Map<string, Settings>>()
  for (const cluster of clusters) {
    const ofApps = new Map<string, Settings>()
    for (const { name, settings } of waves.flatMap(({ apps }) => apps)) {
      const own: FileSettings = {
        ...(onFailure === undefined ? {} : { 'on-failure': { value: onFailure, source: file } }),
        ...settings[cluster.name ?? ''],
      }
      const of = await resolveSettings(name, parsed, { cwd: process.cwd(), env: process.env }, own)
      const kubeconfig = cluster.kubeconfig && path.resolve(path.dirname(file), cluster.kubeconfig)
      ofApps.set(name, {
        ...of,
        kubeContext: cluster.context ?? of.kubeContext,
        kubeconfig: kubeconfig ?? of.kubeconfig,
      })
    }
    all.set(cluster, ofApps)
  }
  return all
}

async function checkAll({ runbook, only, until, approve, parsed }: RunRequest): Promise<void> {
  const [{ checkNames, checkReferences: checkSurroundings }, { knownContexts }] = await Promise.all([
    import('../../runbook/file/reference-checks.js'),
    import('../../cluster/kube/kubectl.js'),
  ])
  checkNames(runbook, { only, until, approve: [...approve.keys()] })
  const { kubeconfig: byFlag } = parsed.flags
  const byDefault = Array.isArray(byFlag) ? byFlag.at(-1) : byFlag
  await checkSurroundings(runbook, (kubeconfig) => knownContexts({ kubeconfig: kubeconfig ?? byDefault }))
}

/** Every app in every cluster, as lines and journal name it. */
function* places({ clusters, waves }: Runbook): Generator<RunApp> {
  for (const { name: cluster } of clusters) {
    for (const { apps } of waves)
      for (const { name: app } of apps) yield { app, ...(cluster === undefined ? {} : { cluster }) }
  }
}
