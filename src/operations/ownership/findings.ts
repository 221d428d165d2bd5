import { commented, kubectlCommand } from '../../model/command-line.js'
import type { VersionPods } from '../../model/events/events.js'
import type { Finding } from '../../model/results/doctor.js'
import { type AppNeighbour, neighbourLine } from '../../model/results/ownership.js'
import type { OperationContext } from '../context.js'
import type { Observation } from '../observe/observe.js'
import { holdingsOf } from './holdings.js'

/** Findings of `doctor` about workloads with the app's labels. Deleting another owner's workload is never a remedy. */
export async function workloadFindings(
  context: OperationContext,
  { app, namespace = app, deployed }: Observation,
): Promise<Finding[]> {
  const { own, orphans, neighbours } = await holdingsOf(context, { app, namespace, deployed })
  return [
    ...own.map((pods) => (orphans.includes(pods) ? orphanFinding(app, pods) : podsFinding(namespace, pods))),
    ...neighbours.map((neighbour) => neighbourFinding(app, namespace, neighbour)),
  ]
}

function podsFinding(namespace: string, { deployment, ready, wanted, problems }: VersionPods): Finding {
  const isReady = ready >= wanted && wanted > 0
  return {
    check: `deployment ${deployment}`,
    status: isReady ? 'ok' : 'problem',
    detail: `${ready} of ${wanted} pods ready${problems.length > 0 ? `: ${problems.join('; ')}` : ''}`,
    remedy: isReady ? undefined : kubectlCommand(['describe', 'deployment', deployment], namespace),
  }
}

function orphanFinding(app: string, { deployment, version }: VersionPods): Finding {
  return {
    check: `deployment ${deployment}`,
    status: 'warning',
    detail: `was left behind by a failed helm: version ${version} is not in the values of ${app}`,
    remedy: 'the next canary abort or finish removes it',
  }
}

function neighbourFinding(app: string, namespace: string, neighbour: AppNeighbour): Finding {
  const { kind, name, version } = neighbour
  return {
    check: `${kind.toLowerCase()} ${name}`,
    status: 'warning',
    detail: neighbourLine(app, neighbour),
    remedy: [
      commented(
        kubectlCommand(['get', 'pods', '-l', `app=${app},version=${version}`, '-o', 'wide'], namespace),
        'which pods these are',
      ),
      'have its owner change the label app or version of its pods: they are selected by them',
    ].join('\n'),
  }
}
