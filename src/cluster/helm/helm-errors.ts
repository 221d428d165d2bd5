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
  /** Found in what helm printed. */
  text: RegExp
  /** What happened, as a sentence; gets helm's own words, without `Error: `. */
  says: (words: string) => string
  nextSteps: (place: Place) => string[]
  /** Of a release that is deployed; an install has no values to show yet. */
  whereDeployed?: (place: Place) => string[]
  /** What was given is wrong: nothing failed. */
  outcome?: 'usage'
}

const valuesDeployed = (place: Place) => [
  commented(canaryCommand(['values', place.app], place), 'those deployed'),
]

/** Texts of Helm 3 and 4 that mean something definite, the most telling first. */
const KNOWN: Explanation[] = [
  {
    text: /another operation \(install\/upgrade\/rollback\) is in progress/,
    says: () =>
      "Another helm command is changing this release, or one was killed in the middle: Helm's record says pending.",
    nextSteps: (place) => [commented(canaryCommand(['status', place.app], place), 'shows how to continue')],
  },
  {
    text: /release: already exists/,
    says: () =>
      'Another helm command made the same revision at the same moment, and won; this one changed nothing.',
    nextSteps: (place) => [
      commented(canaryCommand(['status', place.app], place), 'what is deployed now'),
      'then repeat the command if it still fits',
    ],
  },
  {
    text: /cannot re-?use a name that is still in use/,
    says: () => 'There is a release of this name already in this namespace.',
    nextSteps: (place) => [
      canaryCommand(['status', place.app], place),
      helmCommand(['list', '--all'], place.namespace),
      'install it under another name or in another namespace',
    ],
  },
  {
    text: /has no deployed releases/,
    says: () => 'No revision of this release was ever deployed, so there is none to upgrade.',
    nextSteps: (place) => [
      helmCommand(['history', place.app], place.namespace),
      commented(canaryCommand(['abort', place.app], place), 'removes the remains'),
      canaryCommand(['install', place.app, 'VERSION'], place),
    ],
  },
  {
    text: /because it is being terminated|namespace \S+ is being terminated/,
    says: (words) => `The namespace is being deleted, and nothing can be made in it: ${words}`,
    nextSteps: (place) => [
      commented(
        kubectlCommand(['get', 'namespace', place.namespace]),
        'once it is gone, install the app anew',
      ),
      'name another namespace with -n/--namespace',
    ],
  },
  {
    text: /namespaces "[^"]*" not found/,
    says: (words) => `There is no such namespace (any more), and without it there is no release: ${words}`,
    nextSteps: (place) => [
      commented(canaryCommand(['install', place.app, 'VERSION'], place), 'makes the namespace and the app'),
    ],
  },
  {
    text: /exceeded quota: |failed quota: /,
    says: (words) => `The namespace's quota is used up: ${words}`,
    nextSteps: (place) => [
      commented(
        kubectlCommand(['describe', 'resourcequota'], place.namespace),
        'what is used and what is left',
      ),
      'make room, or have the quota raised: while a canary runs, both versions need their pods',
    ],
  },
  {
    text: /Too long: (must have at most|may not be more than) 1048576 bytes|Request entity too large|etcdserver: request is too large/,
    says: (words) =>
      `Helm's record of this revision, or an object of the chart, is larger than Kubernetes takes (1 MiB): ${words}`,
    nextSteps: () => [
      'take files that no template reads out of the chart (.helmignore), and large texts out of the values: keep those in a ConfigMap or Secret of your own',
    ],
  },
  {
    text: /failed calling webhook/,
    says: (words) =>
      `An admission webhook of the cluster does not answer, and it is set to fail then: ${words}`,
    nextSteps: () => [
      commented(
        kubectlCommand(['get', 'validatingwebhookconfigurations,mutatingwebhookconfigurations']),
        'whose is it? do its pods run?',
      ),
    ],
  },
  {
    text: /admission webhook .*denied the request|ValidatingAdmissionPolicy .*denied request/,
    says: (words) => `${denier(words)} denied an object of the release: ${denial(words)}`,
    nextSteps: () => ['correct what it names, or ask those who keep the policy'],
    whereDeployed: valuesDeployed,
  },
  {
    text: /conflicts? with "[^"]+"/,
    says: (words) =>
      `Somebody changed objects of the release by other means than Helm (${/conflicts? with "([^"]+)"/.exec(words)?.[1]}), and Helm does not overwrite that: ${words}`,
    nextSteps: (place) => [
      'look at the change: kubectl get -o yaml --show-managed-fields on the object named above',
      'to drop it, repeat the command with --recover --take-over',
      commented(canaryCommand(['status', place.app], place), 'shows the difference'),
    ],
  },
  {
    text: /values don't meet the specifications of the schema/,
    says: (words) => `The chart refuses the values: ${words.replace(/^values don't meet .*\n/, '')}`,
    outcome: 'usage',
    nextSteps: () => ["correct the values named above; the chart's values.schema.json says what it takes"],
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
    says: (words) => `The kubeconfig has no such context: ${words}`,
    nextSteps: () => [kubectlCommand(['config', 'get-contexts']), 'name another with --kube-context'],
  },
  {
    text: /cluster unreachable|connection refused|no such host|i\/o timeout/i,
    says: (words) => `Helm can't reach the cluster: ${words}`,
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
      'docs/rbac.yaml has the roles that are needed',
    ],
  },
  {
    text: /exists and cannot be imported into the current release/,
    says: (words) => `An object of the chart is there already and belongs to something else: ${words}`,
    nextSteps: (place) => [
      commented(
        canaryCommand(['init', `${place.app}-app`, '--from', 'deployment/NAME', '-n', place.namespace]),
        'what serves there: values for a release beside it under another name, and the way over without downtime',
      ),
      'or install the app under another name',
    ],
  },
  {
    text: /has been cancelled|context canceled/,
    says: () => 'Helm was cancelled: the revision is marked failed, and what it had applied stays.',
    nextSteps: (place) => [commented(canaryCommand(['status', place.app], place), 'shows how to continue')],
  },
  {
    text: /path ".*" not found|no such file or directory|Chart\.yaml file is missing/,
    says: (words) => `Helm can't load the chart: ${words}`,
    nextSteps: () => ['give the folder of a chart, or leave --chart out for the one that comes with canary'],
  },
]

/** The error of a helm call that failed, explained where its words are known; `release` completes the remedies. */
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

/** Who denied an object: `Admission webhook "policy.example.org"`. */
function denier(words: string): string {
  const webhook = /admission webhook "[^"]*"/.exec(words)?.[0]
  if (webhook) return `A${webhook.slice(1)}`
  return /ValidatingAdmissionPolicy '[^']*'/.exec(words)?.[0] ?? 'The admission of the cluster'
}

/** What it said, without what stands before it. */
function denial(words: string): string {
  return words.replace(/^[^]*?denied (?:the )?request:?\s*/, '')
}

/** A list of helm's in one sentence: a message is one line. */
function onOneLine(text: string): string {
  return text.replace(/(:?)\s*\n\s*(?:- )?/g, (_, colon: string) => (colon ? ': ' : '; '))
}

/** More is no error message; all of it is kept beside. */
const LONGEST_WORDS = 4000

/** What helm said, without its log lines and what it puts around every error. */
export function wordsOf(stderr: string): string {
  const text = stderr.trim()
  const at = text.lastIndexOf('Error: ')
  return (at < 0 ? text : text.slice(at + 'Error: '.length))
    .slice(0, LONGEST_WORDS)
    .replace(/^(INSTALLATION|UPGRADE) FAILED: /, '')
    .replace(/\s*Use --debug flag to render out invalid YAML/, '')
}
