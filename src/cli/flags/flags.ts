import * as Flags from '@oclif/core/flags'

// Values stay strings here: cli/session/settings.ts checks them, whether they come from a flag, the environment or
// canary.yaml.

/** A repeatable flag with one value each time: oclif would take the words after the value for more values. */
export function repeatable(options: Pick<Flag, 'char' | 'env' | 'helpValue' | 'helpGroup' | 'description'>) {
  return Flags.string({ ...options, multiple: true, multipleNonGreedy: true })
}

type Flag = NonNullable<Parameters<typeof Flags.string>[0]>

/** Every command has these. */
export const outputFlags = {
  output: Flags.string({
    char: 'o',
    options: ['text', 'json', 'yaml'],
    default: 'text',
    env: 'CANARY_OUTPUT',
    description: 'Format of the result on stdout',
    helpGroup: 'output',
  }),
  json: Flags.boolean({ description: 'Same as --output json', helpGroup: 'output' }),
  color: Flags.string({
    options: ['auto', 'always', 'never'],
    default: 'auto',
    env: 'CANARY_COLOR',
    description: 'Colour; auto: on terminals unless NO_COLOR is set',
    helpGroup: 'output',
  }),
  debug: Flags.boolean({
    env: 'CANARY_DEBUG',
    description: 'Show the stack trace of an error',
    helpGroup: 'output',
  }),
}

/** The cluster and the namespace. */
export const clusterFlags = {
  namespace: Flags.string({
    char: 'n',
    env: 'CANARY_NAMESPACE',
    description: "Namespace of the release (default: where the app's only release is)",
    helpGroup: 'cluster',
  }),
  'kube-context': Flags.string({
    aliases: ['context'],
    env: 'CANARY_KUBE_CONTEXT',
    description: 'Context of the kubeconfig (also: --context)',
    helpGroup: 'cluster',
  }),
  kubeconfig: Flags.string({
    env: 'CANARY_KUBECONFIG',
    description: "Kubeconfig file (default: kubectl's: KUBECONFIG, ~/.kube/config)",
    helpGroup: 'cluster',
  }),
  config: Flags.string({
    env: 'CANARY_CONFIG',
    helpValue: '<file>',
    description: 'Settings file (default ./canary.yaml, which may set less than a file named here)',
    helpGroup: 'cluster',
  }),
}

/** How traffic is counted. */
export const probeFlags = {
  'proxy-url': Flags.string({
    env: 'CANARY_PROXY_URL',
    description: "Origin of the proxy (default: the address in the gateway's status or Service)",
    helpGroup: 'probe',
  }),
  host: Flags.string({
    env: 'CANARY_HOST',
    description: 'Host header (and SNI) of the probes',
    helpGroup: 'probe',
  }),
  'probe-header': repeatable({
    env: 'CANARY_PROBE_HEADER',
    helpValue: '<name=value>',
    description: 'Header of every probe, repeatable; name=env:VAR takes the value from VAR',
    helpGroup: 'probe',
  }),
  'verify-timeout': Flags.string({
    default: '60s',
    env: 'CANARY_VERIFY_TIMEOUT',
    helpValue: '<duration>',
    description: 'Time limit for verifying one stage, such as 90s or 2m',
    helpGroup: 'probe',
  }),
  'probe-rate': Flags.string({
    default: '250',
    env: 'CANARY_PROBE_RATE',
    helpValue: '<number>',
    description: 'Probes per second of each kind; 0: as fast as possible',
    helpGroup: 'probe',
  }),
  tolerance: Flags.string({
    env: 'CANARY_TOLERANCE',
    helpValue: '<points>',
    description: 'Allowed deviation of a share from its weight, in points (default 10, less near 0 and 100)',
    helpGroup: 'probe',
  }),
  'each-proxy': Flags.boolean({
    env: 'CANARY_EACH_PROXY',
    allowNo: true,
    description: 'Probe each proxy pod by itself (default: if there are several and no --proxy-url)',
    helpGroup: 'probe',
  }),
  'set-verify': repeatable({
    env: 'CANARY_SET_VERIFY',
    helpValue: '<key=value>',
    description: 'Override a key of verify: in the values, such as expect.status=200-299; repeatable',
    helpGroup: 'probe',
  }),
  'allow-env': repeatable({
    env: 'CANARY_ALLOW_ENV',
    helpValue: '<name>',
    description: "Variable of your environment that the app's values may read (env:NAME), repeatable",
    helpGroup: 'probe',
  }),
  'allow-request': repeatable({
    env: 'CANARY_ALLOW_REQUEST',
    helpValue: '<what>',
    description:
      "Request that the app's values may make beyond GET and HEAD of its own paths: a method, a path, or the URL of Prometheus; repeatable",
    helpGroup: 'probe',
  }),
  resolve: repeatable({
    env: 'CANARY_RESOLVE',
    helpValue: '<host:port:address>',
    description: "Address to use for the proxy's host, as curl's --resolve; repeatable",
    helpGroup: 'probe',
  }),
  'ca-file': Flags.string({
    env: 'CANARY_CA_FILE',
    helpValue: '<file>',
    description: "Certificates (PEM) to trust for https, instead of the system's",
    helpGroup: 'probe',
  }),
  'cert-file': Flags.string({
    env: 'CANARY_CERT_FILE',
    helpValue: '<file>',
    description: 'Client certificate (PEM) of the probes; with --key-file',
    helpGroup: 'probe',
  }),
  'key-file': Flags.string({
    env: 'CANARY_KEY_FILE',
    helpValue: '<file>',
    description: 'Key (PEM) of the client certificate',
    helpGroup: 'probe',
  }),
  'http-proxy': Flags.string({
    env: 'CANARY_HTTP_PROXY',
    helpValue: '<url>',
    description: 'HTTP proxy for the probes; HTTP_PROXY is ignored',
    helpGroup: 'probe',
  }),
}

/** Length of an analysis. */
export const durationFlag = Flags.string({
  default: '30s',
  env: 'CANARY_DURATION',
  helpValue: '<duration>',
  description: 'Duration of the analysis unless a gate fails, such as 30s or 5m',
  helpGroup: 'probe',
})

/** Commands that change the release. */
export const changeFlags = {
  timeout: Flags.string({
    default: '5m',
    env: 'CANARY_TIMEOUT',
    helpValue: '<duration>',
    description: 'Time limit for pods to become ready or to terminate, such as 90s or 5m',
  }),
  'dry-run': Flags.boolean({
    env: 'CANARY_DRY_RUN',
    description: 'Print the plan and change nothing',
  }),
  recover: Flags.boolean({
    env: 'CANARY_RECOVER',
    description: 'Recover a failed or pending release first',
    helpGroup: 'safety',
  }),
  'take-over': Flags.boolean({
    env: 'CANARY_TAKE_OVER',
    description: "Overwrite drift, changes that others made to the release's objects",
    helpGroup: 'safety',
  }),
  'wait-for-lock': Flags.string({
    default: '0',
    env: 'CANARY_WAIT_FOR_LOCK',
    helpValue: '<duration>',
    description: 'How long to wait for another operator, such as 2m',
    helpGroup: 'safety',
  }),
  events: Flags.string({
    env: 'CANARY_EVENTS',
    helpValue: '<file>',
    description: 'Append events to this file, one JSON line each',
    helpGroup: 'output',
  }),
  yes: Flags.boolean({
    char: 'y',
    env: 'CANARY_YES',
    description: 'Skip confirmations, except those with a flag of their own',
  }),
}

/** Chart and values of a release; what they replace is the command's to describe. */
export function chartFlags(descriptions: { values: string; set: string; chart: string }) {
  return {
    values: repeatable({ char: 'f', helpValue: '<file>', description: descriptions.values }),
    set: repeatable({ helpValue: '<key=value>', description: descriptions.set }),
    'set-string': repeatable({ helpValue: '<key=value>', description: 'The same, always a string' }),
    chart: Flags.string({ env: 'CANARY_CHART', helpValue: '<chart>', description: descriptions.chart }),
    'chart-version': Flags.string({
      env: 'CANARY_CHART_VERSION',
      helpValue: '<version>',
      description: 'Version of a --chart from a repository or registry (default: newest)',
      dependsOn: ['chart'],
    }),
  }
}

/** What the flags of `chartFlags` ask of an operation. */
export function chartRequest(flags: {
  values?: string[]
  set?: string[]
  'set-string'?: string[]
  chart?: string
  'chart-version'?: string
}) {
  const { values, set, 'set-string': setString, chart, 'chart-version': chartVersion } = flags
  return { valuesFiles: values, set, setString, chart, chartVersion }
}

/** Commands that may change the paths or domains of an app. */
export const overlapFlag = Flags.boolean({
  env: 'CANARY_ALLOW_OVERLAP',
  description: 'Only warn if routes overlap with those of another app, or a domain is taken',
  helpGroup: 'safety',
})

/** Commands that raise the canary's share, or change what sets the number of pods. */
export const scaleFlag = Flags.string({
  options: ['check', 'auto', 'off'],
  env: 'CANARY_SCALE',
  description:
    'With too few pods (of the canary for its share; with upgrade, of the versions that serve): refuse (check), scale (auto), or continue (off); default: capacity.scale in the values, else check',
  helpGroup: 'safety',
})

/** Commands whose steps can be rolled back. */
export const failureFlags = {
  'on-failure': Flags.string({
    options: ['stop', 'abort', 'ask'],
    env: 'CANARY_ON_FAILURE',
    description: 'After a failed step: stop, abort, or ask (default: ask on a terminal, else stop)',
    helpGroup: 'safety',
  }),
}
