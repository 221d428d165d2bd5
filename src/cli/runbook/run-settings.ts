import path from 'node:path'
import type { FileSettings } from '../../model/setting-names.js'
import type { Runbook, RunbookCluster } from '../../runbook/runbook.js'
import { configNote, resolveSettings, type Settings, type SettingsSources } from '../session/settings.js'
import type { RunRequest } from './run-request.js'

/** The settings of a run, and of every app in every cluster. */
export interface RunSettings {
  /** Of the run itself. */
  own: Settings
  of: (app: string, cluster: RunbookCluster) => Settings
  /** The file that settings came from, beside the runbook. */
  configFile?: string
  /** The same for people, with the names of the settings. */
  note?: string
}

/**
 * Resolves the settings of all apps in all clusters, and checks them, the files and the contexts. Throws UsageError before any
 * cluster is contacted.
 */
export async function runSettings(request: RunRequest, sources: SettingsSources): Promise<RunSettings> {
  const { runbook, parsed } = request
  const all = new Map<RunbookCluster, Map<string, Settings>>()
  for (const cluster of runbook.clusters) {
    const apps = new Map<string, Settings>()
    for (const app of runbook.waves.flatMap((wave) => wave.apps)) {
      const settings = await resolveSettings(
        app.name,
        parsed,
        sources,
        runbookSettings(runbook, cluster, app),
      )
      apps.set(app.name, inCluster(settings, cluster, runbook.file))
    }
    all.set(cluster, apps)
  }
  await checkReferences(request)
  const own = await resolveSettings(undefined, parsed, sources)
  const used = [own, ...[...all.values()].flatMap((apps) => [...apps.values()])]
  return {
    own,
    of: (app, cluster) => all.get(cluster)!.get(app)!,
    configFile: used.find(({ config }) => config)?.config?.file,
    note: configNote(used),
  }
}

/** What the runbook sets for an app in a cluster. */
function runbookSettings(
  { file, onFailure }: Runbook,
  { name = '' }: RunbookCluster,
  { settings }: Runbook['waves'][number]['apps'][number],
): FileSettings {
  const policy = onFailure === undefined ? {} : { 'on-failure': { value: onFailure, source: file } }
  return { ...policy, ...settings[name] }
}

/** The settings with the cluster that a runbook names over that of flags and files. */
function inCluster(settings: Settings, { context, kubeconfig }: RunbookCluster, file: string): Settings {
  if (context === undefined && kubeconfig === undefined) return settings
  const { cluster } = settings
  return {
    ...settings,
    cluster: {
      kubeContext: context ?? cluster.kubeContext,
      kubeconfig:
        kubeconfig === undefined ? cluster.kubeconfig : path.resolve(path.dirname(file), kubeconfig),
      isKnownToCanary: false,
    },
  }
}

async function checkReferences({ runbook, only, until, approve, parsed }: RunRequest): Promise<void> {
  const [{ checkNames, checkReferences }, { knownContexts }] = await Promise.all([
    import('../../runbook/file/reference-checks.js'),
    import('../../cluster/kube/kubectl.js'),
  ])
  checkNames(runbook, { only, until, approve: [...approve.keys()] })
  const { kubeconfig: byFlag } = parsed.flags
  const byDefault = Array.isArray(byFlag) ? byFlag.at(-1) : byFlag
  await checkReferences(runbook, (kubeconfig) => knownContexts({ kubeconfig: kubeconfig ?? byDefault }))
}
