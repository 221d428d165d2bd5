import { canaryCommand, commented } from '../model/command-line.js'
import type { VerifyResult, AnalysisResult, ExplainResult, VerifiedApp } from '../model/results/verify.js'
import { ConflictError } from '../model/errors.js'
import type { Revision } from '../model/release.js'
import type { Stage } from '../model/stage.js'
import { expectationsOf } from '../rollout/stage/expectations.js'
import { finishedRollout } from '../rollout/history/history.js'
import { nextCommands, undoCommand } from '../rollout/stage/next-steps.js'
import { analyzeStage, requireBothVersions, requireSound } from './verification/analyze-stage.js'
import type { AppRequest, OperationContext } from './context.js'
import { causesOf } from './verification/diagnosis.js'
import { keepProof } from './verification/keep-proof.js'
import { providerOf } from './observe/provider.js'
import { observe, requireThere } from './observe/observe.js'
import { StageVerifier } from './verification/verify-stage.js'
import { requirePass } from './verification/require-pass.js'
import { requireSame } from './change/run/revision-watch.js'

/** Endpoints reach the proxy up to 0.5 s after the routes; until then a fail restarts the count. */
const SETTLING_MS = 2000
/** Raw answers shown per kind of probe. */
const EXPLAINED = 3

/** Verifies the current stage and changes nothing; with `keep`, stores the proof with the app's Lease for `history`. */
export async function verify(
  context: OperationContext,
  request: AppRequest & { keep?: boolean },
): Promise<VerifyResult> {
  const released = await requireRelease(context, request)
  const { app, namespace, stage, deployed, newest } = released
  context.emit({ type: 'observed', app, namespace, stage, revision: deployed.revision })
  const expectations = expectationsOf(app, stage)
  const stageVerifier = new StageVerifier(context, expectations, providerOf(context, deployed))
  try {
    const proof = await stageVerifier.verify({
      app,
      namespace,
      stage,
      expectations,
      revision: deployed,
      newest: newest.revision,
      // `updated` is by the upgrader's clock, which may be ahead of this one.
      settling: Math.abs(context.clock.now() - Date.parse(deployed.updated)) < SETTLING_MS,
    })
    await requireSame(context, { app, namespace, revision: deployed, newest: newest.revision })
    if (request.keep) await keepProof(context, deployed, proof)
    const causes = await causesOf(context, { app, namespace, revision: deployed, proof })
    requirePass(proof, stage, stateAndNext(released), causes)
    return { ...resultOf(released), proof }
  } finally {
    await stageVerifier.close()
  }
}

/** Analyzes the canary against the primary for that long; changes nothing. */
export async function analyze(
  context: OperationContext,
  request: AppRequest & { durationMs: number },
): Promise<AnalysisResult> {
  const released = await requireRelease(context, request)
  const { app, namespace, stage, deployed, newest } = released
  requireBothVersions({ app, namespace }, stage)
  context.emit({ type: 'observed', app, namespace, stage, revision: deployed.revision })
  const stageVerifier = new StageVerifier(context, [], providerOf(context, deployed))
  try {
    const { durationMs } = request
    const stageToAnalyze = { app, namespace, stage, revision: deployed, newest: newest.revision, durationMs }
    const analysis = await analyzeStage(context, stageVerifier, stageToAnalyze)
    requireSound(analysis, stage, stateAndNext(released))
    return { ...resultOf(released), analysis }
  } finally {
    await stageVerifier.close()
  }
}

/** A few raw answers of each kind and how they are read: no proof, no change. */
export async function explain(context: OperationContext, request: AppRequest): Promise<ExplainResult> {
  const { app, namespace, stage, deployed } = await requireRelease(context, request)
  const expectations = expectationsOf(app, stage)
  const stageVerifier = new StageVerifier(context, expectations, providerOf(context, deployed))
  try {
    const { probes, settings } = await stageVerifier.probeRequest({
      app,
      namespace,
      revision: deployed,
      expectations,
    })
    const answers = await context.verifier.explain(
      {
        ...probes,
        expectations: expectations.map((entry) => ({ ...entry, paths: settings.paths ?? entry.paths })),
        times: EXPLAINED,
        timeoutMs: context.probes.timeoutMs,
      },
      context.signal,
    )
    return { app, namespace, revision: deployed.revision, stage, answers }
  } finally {
    await stageVerifier.close()
  }
}

function resultOf({ app, namespace, stage, deployed, undo }: Release): VerifiedApp {
  const next = nextCommands(app, namespace, stage)
  return { app, namespace, stage, revision: deployed.revision, next, undo }
}

function stateAndNext({ app, namespace, deployed, undo }: Release): { state: string; nextSteps: string[] } {
  return {
    state: `${app}: revision ${deployed.revision} is deployed; nothing was changed.`,
    nextSteps: [
      canaryCommand(['doctor', app], { app, namespace }),
      ...(undo ? [commented(undo, 'roll back')] : []),
    ],
  }
}

interface Release {
  app: string
  namespace: string
  stage: Stage
  deployed: Revision
  /** The newest revision; it may have failed after the deployed one. */
  newest: Revision
  undo?: string
}

/** The app's deployed release, in a stage that defines what traffic to expect. */
async function requireRelease(context: OperationContext, request: AppRequest): Promise<Release> {
  const observation = await observe(context, request)
  const { app, namespace, stage, deployed, history } = await requireThere(context, observation)
  if (stage.name === 'unknown') {
    throw new ConflictError(
      `canary cannot derive the expected traffic of ${app}: ${stage.problems.join('; ')}.`,
      { nextSteps: [canaryCommand(['values', app], { app, namespace })] },
    )
  }
  const undo = undoCommand(app, namespace, stage, finishedRollout(history.revisions)?.from)
  return { app, namespace, stage, deployed, newest: history.newest ?? deployed, undo }
}
