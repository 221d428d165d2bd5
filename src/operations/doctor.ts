import { canaryCommand, commented, kubectlCommand } from '../model/command-line.js'
import type { Finding, DoctorResult } from '../model/results/doctor.js'
import { describeStage } from '../model/describe-stage.js'
import {
  describeAutoscaled,
  describeController,
  describeDifference,
  type Difference,
  pauseCommand,
} from '../model/results/drift.js'
import { absentApp } from './observe/absent.js'
import type { AppRequest, OperationContext } from './context.js'
import { gatewayFindings } from './verification/diagnosis.js'
import { versionsFinding } from './verification/versions-finding.js'
import { type Deployed, readDrift } from './drift/read-drift.js'
import { allOverlapFindings } from './overlaps/findings.js'
import { observe, type Observation, unfinishedRevision } from './observe/observe.js'
import { recoverCommands } from './observe/recover-commands.js'
import { providerOf } from './observe/provider.js'
import { workloadFindings } from './ownership/findings.js'
import { tlsFindings } from './change/tls-secrets.js'

/**
 * Checks helm, kubectl, cluster, permissions and gateway, and the app if one is named. Throws ConflictError if that app
 * does not exist.
 */
export async function doctor(context: OperationContext, request: Partial<AppRequest>): Promise<DoctorResult> {
  const namespace = request.namespace ?? request.app ?? 'default'
  const findings = await context.cluster.preflight()
  const reachable = findings.every(({ check, status }) => check !== 'cluster' || status !== 'problem')
  if (!reachable) return resultOf(findings)
  const found = request.app
    ? await observe(context, { app: request.app, namespace: request.namespace })
    : undefined
  const providers = found?.deployed ? [providerOf(context, found.deployed)] : await context.routing.present()
  const permissions = providers.flatMap((provider) => provider.description.permissions)
  findings.push(...(await context.cluster.permissions(namespace, permissions)))
  for (const provider of providers) findings.push(...(await provider.preflight()))
  if (found) {
    if (!found.history || !found.namespace) throw await absentApp(context, found, problemLines(findings))
    findings.push(
      ...(await appFindings(context, { ...found, namespace: found.namespace, history: found.history })),
    )
  }
  if (!found) for (const provider of providers) findings.push(...(await allOverlapFindings(provider)))
  return resultOf(findings)
}

function resultOf(findings: Finding[]): DoctorResult {
  return { findings, problems: findings.filter(({ status }) => status === 'problem').length }
}

/** Problems that may explain why an app is missing. */
function problemLines(findings: Finding[]): string[] {
  return findings
    .filter(({ status }) => status === 'problem')
    .map(({ check, detail }) => `${check}: ${detail}`)
}

async function appFindings(
  context: OperationContext,
  observation: Observation & Required<Pick<Observation, 'namespace' | 'history'>>,
): Promise<Finding[]> {
  const { app, stage, history, deployed } = observation
  const findings: Finding[] = []
  findings.push(
    stage.name === 'unknown'
      ? {
          check: `app ${app}`,
          status: 'problem',
          detail: stage.problems.join('; '),
          remedy: `look at the values: ${canaryCommand(['values', app], { app, namespace: observation.namespace })}`,
        }
      : { check: `app ${app}`, status: 'ok', detail: describeStage(stage) },
  )
  const unfinished = unfinishedRevision(history)
  if (unfinished) {
    findings.push({
      check: `release ${app}`,
      status: 'problem',
      detail: `revision ${unfinished.revision} is ${unfinished.status}: ${unfinished.description}`,
      remedy: recoverCommands({ app, namespace: observation.namespace, deployed, unfinished }).join('; or '),
    })
  }
  if (deployed) {
    const { namespace: where } = observation
    findings.push(...(await changesByHand(context, { app, namespace: where, deployed })))
    const revision = { app, namespace: where, revision: deployed }
    findings.push(
      ...(await versionsFinding(context, { ...revision, stage })),
      ...(await gatewayFindings(context, revision)),
      ...(await tlsFindings(context, revision)),
    )
  }
  findings.push(...(await workloadFindings(context, observation)))
  return findings
}

/** Drift, autoscalers and controllers of the app, with remedies. */
async function changesByHand(context: OperationContext, released: Deployed): Promise<Finding[]> {
  const { app, namespace, deployed } = released
  const drift = await readDrift(context, released)
  const { controller, differences, autoscaled, autoscalers, byHand, namespaceIsGoing } = drift
  const findings: Finding[] = []
  if (namespaceIsGoing) {
    findings.push({
      check: `namespace ${namespace}`,
      status: 'problem',
      detail: `is being deleted, and ${app} with it`,
      remedy: commented(
        kubectlCommand(['get', 'namespace', namespace, '-o', 'yaml']),
        'its conditions show what blocks it',
      ),
    })
  }
  if (byHand) {
    findings.push({
      check: `release ${app}`,
      status: 'ok',
      detail: `revision ${deployed.revision} was made by hand${deployed.description ? `: ${deployed.description}` : ''}`,
    })
  }
  if (controller) {
    findings.push({
      check: `release ${app}`,
      status: 'problem',
      detail: `${describeController(controller)} applies it by itself, and would undo each step`,
      remedy: pauseCommand(controller),
    })
  }
  for (const difference of differences) {
    findings.push({
      check: 'changed by hand',
      status: 'problem',
      detail: describeDifference(difference),
      remedy: remedyOf(difference, namespace),
    })
  }
  for (const autoscaler of autoscalers) {
    const other = autoscaled.find(({ name }) => name === autoscaler.name)
    const { name, deployment, min, max } = autoscaler
    findings.push({
      check: `autoscaler ${name}`,
      status: other ? 'warning' : 'ok',
      detail: other
        ? describeAutoscaled(other)
        : `sets ${min} to ${max} replicas of Deployment ${deployment}`,
      remedy:
        other && `set the version's replicas to ${other.found} in the values: Helm sets those at each step`,
    })
  }
  return findings
}

function remedyOf({ kind, name, path }: Difference, namespace: string): string {
  const back = 'any changing command with --take-over writes it back'
  return path === undefined
    ? back
    : kubectlCommand(
        [
          'get',
          kind,
          name,
          '-o',
          'yaml',
          `--show-managed-fields
${back}`,
        ],
        namespace,
      )
}
