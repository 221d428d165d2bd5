import {
  type AppPlace,
  canaryCommand,
  commented,
  helmCommand,
  kubectlCommand,
} from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import type { HelmOutcome } from './helm.js'

type Place = Required<AppPlace>

interface Explanation {
  /** Matched against helm's output. */
  text: RegExp
  /** What happened, as a sentence; gets helm's own text, without `Error: `. */
  says: (words: string) => string
  nextSteps: (place: Place) => string[]
  /** Remedies for a deployed release only; an install has no values to show yet. */
  whereDeployed?: (place: Place) => string[]
  /** The input is wrong; nothing failed. */
  outcome?: 'usage'
}

const valuesDeployed = (place: Place) => [
  commented(canaryCommand(['values', place.app], place), 'the deployed ones'),
]

/** Messages of Helm 3 and 4 with a definite meaning, most specific first. */
const KNOWN: Explanation[] = [
  {
    text: /another operation \(install\/upgrade\/rollback\) is in progress/,
    says: () =>
      'Another helm command is changing this release, or was killed while it did: the release is pending.',
    nextSteps: (place) => [commented(canaryCommand(['status', place.app], place), 'shows how to continue')],
  },
  {
    text: /release: already exists/,
    says: () => 'Another helm command created the same revision first; this one changed nothing.',
    nextSteps: (place) => [
      commented(canaryCommand(['status', place.app], place), 'what is deployed now'),
      'then repeat the command if it still fits',
    ],
  },
  {
    text: /cannot re-?use a name that is still in use/,
    says: () => 'This namespace already has a release of this name.',
    nextSteps: (place) => [
      canaryCommand(['status', place.app], place),
      helmCommand(['list', '--all'], place.namespace),
      'install it under another name or in another namespace',
    ],
  },
  {
    text: /has no deployed releases/,
    says: () => 'No revision of this release was ever deployed: there is nothing to upgrade.',
    nextSteps: (place) => [
      helmCommand(['history', place.app], place.namespace),
      commented(canaryCommand(['abort', place.app], place), 'removes the remains'),
      canaryCommand(['install', place.app, 'VERSION'], place),
    ],
  },
  {
    text: /because it is being terminated|namespace \S+ is being terminated/,
    says: (words) => `The namespace is being deleted, and takes no new objects: ${words}`,
    nextSteps: (place) => [
      commented(
        kubectlCommand(['get', 'namespace', place.namespace]),
        'once it is gone, install the app again',
      ),
      'name another namespace with -n/--namespace',
    ],
  },
  {
    text: /namespaces "[^"]*" not found/,
    says: (words) => `The namespace does not exist (any more): ${words}`,
    nextSteps: (place) => [
      commented(canaryCommand(['install', place.app, 'VERSION'], place), 'creates the namespace and the app'),
    ],
  },
  {
    text: /exceeded quota: |failed quota: /,
    says: (words) => `The namespace's quota is used up: ${words}`,
    nextSteps: (place) => [
      commented(kubectlCommand(['describe', 'resourcequota'], place.namespace), 'used and available'),
      'free some quota, or have it raised: during a rollout, both versions need their pods',
    ],
  },
  {
    text: /Too long: (must have at most|may not be more than) 1048576 bytes|Request entity too large|etcdserver: request is too large/,
    says: (words) =>
      `Helm's record of this revision, or an object of the chart, exceeds Kubernetes' limit (1 MiB): ${words}`,
    nextSteps: () => [
      'exclude files that no template reads from the chart (.helmignore), and move large texts from the values into a ConfigMap or Secret of your own',
    ],
  },
  {
    text: /failed calling webhook/,
    says: (words) =>
      `An admission webhook of the cluster does not answer, and its failurePolicy is Fail: ${words}`,
    nextSteps: () => [
      commented(
        kubectlCommand(['get', 'validatingwebhookconfigurations,mutatingwebhookconfigurations']),
        'who owns it, and do its pods run?',
      ),
    ],
  },
  {
    text: /admission webhook .*denied the request|ValidatingAdmissionPolicy .*denied request/,
    says: (words) => `${denier(words)} denied an object of the release: ${denial(words)}`,
    nextSteps: () => ['correct what it names, or ask the owner of the policy'],
    whereDeployed: valuesDeployed,
  },
  {
    text: /conflicts? with "[^"]+"/,
    says: (words) =>
      `Objects of the release were changed outside Helm (by ${/conflicts? with "([^"]+)"/.exec(words)?.[1]}), and Helm does not overwrite that: ${words}`,
    nextSteps: (place) => [
      'look at the change: kubectl get -o yaml --show-managed-fields on the object named above',
      'to overwrite it, repeat the command with --recover --take-over',
      commented(canaryCommand(['status', place.app], place), 'shows the difference'),
    ],
  },
  {
    text: /values don't meet the specifications of the schema/,
    says: (words) => `The chart refuses the values: ${words.replace(/^values don't meet .*\n/, '')}`,
    outcome: 'usage',
    nextSteps: () => ["correct the values named above; the chart's values.schema.json defines them"],
  },
  {
    text: /execution error at \(/,
    says: (words) => `The chart refuses the values: ${words.replace(/^execution error at \([^)]*\): /, '')}`,
    outcome: 'usage',
    nextSteps: () => ['correct the values named above'],
    whereDeployed: valuesDeployed,
  },
  {
    text: /context "[^"]*" does not exist/,
    says: (words) => `The kubeconfig does not have this context: ${words}`,
    nextSteps: () => [kubectlCommand(['config', 'get-contexts']), 'name another with --kube-context'],
  },
  {
    text: /cluster unreachable|connection refused|no such host|i\/o timeout/i,
    says: (words) => `Helm cannot reach the cluster: ${words}`,
    nextSteps: () => [
      kubectlCommand(['cluster-info']),
      'choose another cluster with --kubeconfig or --kube-context',
    ],
  },
  {
    text: /is forbidden|Forbidden/,
    says: (words) => `Forbidden: your user lacks a permission that Helm needs: ${words}`,
    nextSteps: (place) => [
      commented(canaryCommand(['doctor', place.app], place), 'lists what is missing'),
      'docs/rbac.yaml has the roles it needs',
    ],
  },
  {
    text: /exists and cannot be imported into the current release/,
    says: (words) => `An object of the chart already exists and belongs to something else: ${words}`,
    nextSteps: (place) => [
      commented(
        canaryCommand(['init', `${place.app}-app`, '--from', 'deployment/NAME', '-n', place.namespace]),
        'makes values for a release beside it under another name, and shows how to move over without downtime',
      ),
      'or install the app under another name',
    ],
  },
  {
    text: /has been cancelled|context canceled/,
    says: () => 'Helm was cancelled: the revision is failed, and objects already applied stay.',
    nextSteps: (place) => [commented(canaryCommand(['status', place.app], place), 'shows how to continue')],
  },
  {
    text: /path ".*" not found|no such file or directory|Chart\.yaml file is missing/,
    says: (words) => `Helm cannot load the chart: ${words}`,
    nextSteps: () => ['give the folder of a chart, or remove --chart to use the bundled one'],
  },
]

/** The error of a failed helm call, explained if its text is known; `release` completes the remedies. */
export function explainHelm(
  { command, exitCode, stderr }: HelmOutcome,
  release?: { app: string; namespace: string; isDeployed?: boolean },
): ExternalError {
  const words = wordsOf(stderr)
  const place = release ?? { app: 'APP', namespace: 'NAMESPACE' }
  const known = KNOWN.find(({ text }) => text.test(stderr))
  const summary = onOneLine(
    known?.says(words) ?? `helm failed${exitCode === undefined ? '' : ` (exit code ${exitCode})`}: ${words}`,
  )
  return new ExternalError(summary, {
    outcome: known?.outcome,
    command,
    code: exitCode,
    stderr: stderr.trim(),
    nextSteps: [
      ...(known?.nextSteps(place) ?? [canaryCommand(['doctor', place.app], place)]),
      ...(release?.isDeployed ? (known?.whereDeployed?.(place) ?? []) : []),
    ],
  })
}

export function helmMissing(command: string): ExternalError {
  return new ExternalError('helm was not found on PATH: every step of a rollout is a helm upgrade.', {
    command,
    nextSteps: ['install Helm 3.8 or newer (https://helm.sh/docs/intro/install/), or put its folder on PATH'],
  })
}

export function helmTooOld(version: string, oldest: string): ExternalError {
  return new ExternalError(
    `helm on PATH is ${version || 'of an unknown version'}; canary needs ${oldest} or newer.`,
    {
      command: helmCommand(['version']),
      nextSteps: [
        'install a newer Helm (https://helm.sh/docs/intro/install/), or put its folder first on PATH',
      ],
    },
  )
}

/** What denied an object: `Admission webhook "policy.example.org"`. */
function denier(words: string): string {
  const webhook = /admission webhook "[^"]*"/.exec(words)?.[0]
  if (webhook) return `A${webhook.slice(1)}`
  return /ValidatingAdmissionPolicy '[^']*'/.exec(words)?.[0] ?? 'The admission of the cluster'
}

/** Its message, without Kubernetes' prefix. */
function denial(words: string): string {
  return words.replace(/^[^]*?denied (?:the )?request:?\s*/, '')
}

/** Helm's list in one sentence: a message is one line. */
function onOneLine(text: string): string {
  return text.replace(/(:?)\s*\n\s*(?:- )?/g, (_, colon: string) => (colon ? ': ' : '; '))
}

/** Longer text is cut from the message; all of it stays in the error's stderr. */
const LONGEST_WORDS = 4000

/** Helm's message, without log lines and the prefix of every error. */
export function wordsOf(stderr: string): string {
  const text = stderr.trim()
  const at = text.lastIndexOf('Error: ')
  return (at < 0 ? text : text.slice(at + 'Error: '.length))
    .slice(0, LONGEST_WORDS)
    .replace(/^(INSTALLATION|UPGRADE) FAILED: /, '')
    .replace(/\s*Use --debug flag to render out invalid YAML/, '')
}
