import { commented, kubectlCommand } from '../../model/command-line.js'
import type { ErrorKind } from '../../model/verify/answer-errors.js'
import type { Cause } from '../../model/results/diagnosis.js'
import {
  countOf,
  errorsOf,
  type Facts,
  failing,
  type Rule,
  samplesOf,
  statusCount,
  verifyCommand,
} from './facts.js'

/** Causes in the app's own answers. */
export const APP_ANSWERS: Rule[] = [timeouts, appErrors, appUnknownPath, unexpectedAnswers, unnamedVersion]

function timeouts(facts: Facts): Cause | undefined {
  const count = countOf(facts, 'timeout') + statusCount(facts, (status) => status === 504 || status === 408)
  if (count === 0) return undefined
  return {
    id: 'timeout',
    title: 'the app, or the proxy, does not answer in time',
    evidence: [`${count} probes ran into a timeout`],
    remedy: [
      kubectlCommand(['top', 'pods', '-l', `app=${facts.name}`], facts.namespace),
      kubectlCommand(['logs', '-l', `app=${facts.name}`, '--tail', '50'], facts.namespace),
    ],
    certainty: 'likely',
  }
}

/** Error statuses that the gateway did not cause. */
function appErrors(facts: Facts): Cause | undefined {
  const count = statusCount(facts, (status) => status >= 500 && status !== 504)
  if (count === 0) return undefined
  const samples = samplesOf(facts).filter(({ status = 0 }) => status >= 500)
  const versions = new Set(samples.flatMap(({ version }) => version ?? []))
  const fromApp = samples.some(({ headers = {} }) => facts.answers.isFromPod(headers))
  return {
    id: 'app-errors',
    title: `the app itself answers with errors${versions.size > 0 ? ` (${[...versions].join(', ')})` : ''}`,
    evidence: [
      `${count} answers are 5xx`,
      ...(fromApp ? [`they have ${facts.answers.podHeader}: a pod gave them`] : []),
      ...samples.slice(0, 1).map(({ status, body }) => `${status}: ${(body ?? '').trim().slice(0, 80)}`),
    ],
    remedy: [
      kubectlCommand(['logs', '-l', `app=${facts.name}`, '--tail', '50', '--prefix'], facts.namespace),
      'if a few errors are normal: set verify.expect.errorRate in the values',
    ],
    certainty: 'likely',
  }
}

function appUnknownPath(facts: Facts): Cause | undefined {
  const count = statusCount(facts, (status) => status === 404)
  if (count === 0) return undefined
  const path = samplesOf(facts).find(({ status }) => status === 404)?.path
  return {
    id: 'app-not-found',
    title: `the app itself does not serve the path${path ? ` ${path}` : ''}`,
    evidence: [`${count} answers are 404, and not the proxy's own`],
    remedy: ['probe a path that the app serves: verify.paths in the values, or --set-verify paths='],
    certainty: 'likely',
  }
}

const UNEXPECTED = new Set<ErrorKind>([
  'missing-header',
  'unexpected-header',
  'unexpected-body',
  'unexpected-status',
])

/** Answers of the app that do not meet `verify.expect`. */
function unexpectedAnswers(facts: Facts): Cause | undefined {
  const errors = errorsOf(facts).filter(({ kind }) => UNEXPECTED.has(kind))
  if (errors.length === 0) return undefined
  const sample = samplesOf(facts).find(({ errorKind }) => errorKind && UNEXPECTED.has(errorKind))
  const body = (sample?.body ?? '').replace(/\s+/g, ' ').trim().slice(0, 80)
  return {
    id: 'unexpected-answers',
    title: 'the answers of the app do not meet verify.expect',
    evidence: [
      ...errors.map(({ text, count }) => `${count} × ${text}`),
      ...(sample ? [`${sample.path} answered ${sample.status}: ${body || 'an empty body'}`] : []),
    ],
    remedy: [
      commented(verifyCommand(facts, '--explain'), 'raw answers and how they are read'),
      'correct verify.expect in the values, or the app',
    ],
    certainty: 'likely',
  }
}

function unnamedVersion(facts: Facts): Cause | undefined {
  const unnamed = failing(facts).reduce((sum, { unidentified }) => sum + unidentified, 0)
  if (unnamed === 0) return undefined
  return {
    id: 'version-unnamed',
    title: 'the answers do not name their version',
    evidence: [`${unnamed} answers name no version`],
    remedy: [
      commented(verifyCommand(facts, '--explain'), 'raw answers and how they are read'),
      'set verify.version in the values: header, json or body',
    ],
    certainty: 'possible',
  }
}
