import { canaryCommand, helmCommand } from '../../model/command-line.js'
import { commandText } from '../../model/command-text.js'
import type { IdleProof, UninstallResult } from '../../model/results/uninstall.js'
import { describeStep } from '../../rollout/history/description.js'
import { stepCommand } from '../change/run/step-command.js'
import type { AppRequest, OperationContext } from '../context.js'
import type { Found } from './found-release.js'
import type { UninstallRequest } from './uninstall.js'

/** The result without a release. */
export function absent(
  { dryRun, emit }: OperationContext,
  { app, namespace }: Required<AppRequest>,
): UninstallResult {
  emit({ type: 'observed', app, namespace, stage: { name: 'absent' } })
  return {
    app,
    namespace,
    dryRun,
    changed: false,
    from: { name: 'absent' },
    stage: { name: 'absent' },
    objects: [],
    stays: [],
    commands: [],
    next: [installCommand(app, namespace)],
  }
}

export function resultOf(
  context: OperationContext,
  request: UninstallRequest,
  { app, namespace, stage, removal }: Found,
  { hasRouteStep, proof }: { hasRouteStep: boolean; proof?: IdleProof },
): UninstallResult {
  const { dryRun } = context
  const description = routeDescription(context, request)
  const upgrade = stepCommand({ verb: 'upgrade', app, namespace, description })
  return {
    app,
    namespace,
    dryRun,
    changed: true,
    from: stage,
    stage: dryRun ? stage : { name: 'absent' },
    objects: removal.objects,
    stays: removal.stays,
    commands: [...(hasRouteStep ? [upgrade] : []), helmCommand(['uninstall', app, '--namespace', namespace])],
    ...(proof ? { proof } : {}),
    ...(request.unverified === undefined ? {} : { unverified: request.unverified }),
    next: dryRun ? [] : [installCommand(app, namespace)],
  }
}

function installCommand(app: string, namespace: string): string {
  return canaryCommand(['install', app, 'VERSION'], { app, namespace })
}

/** Helm's description of the revision without routes. */
export function routeDescription(
  { operator, run }: OperationContext,
  { app, unverified }: UninstallRequest,
): string {
  const typed = commandText.uninstall({ app })
  const command = unverified === undefined ? typed : `${typed} (unverified: ${unverified})`
  return describeStep(command, { title: 'remove the routes' }, { who: operator, run })
}
