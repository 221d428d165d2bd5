import { commented, helmCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import { wordsOf } from './helm-errors.js'
import type { HelmOutcome } from './helm.js'

/** The error of a failed `helm pull`: the cluster is not involved, so the repository or registry is named. */
export function explainPull({ command, exitCode, stderr }: HelmOutcome, chart: string): ExternalError {
  const words = wordsOf(stderr)
  const place = placeOf(chart)
  const [summary, nextSteps] = meaning(stderr, place)
  return new ExternalError(`${summary}: ${words}`, {
    command,
    code: exitCode,
    stderr: stderr.trim(),
    state: 'Nothing was changed.',
    nextSteps: [...nextSteps, commented(helmCommand(['pull', chart]), 'the command that failed')],
  })

  function meaning(said: string, { kind, name }: Place): [string, string[]] {
    if (
      /repo(?:sitory)? \S+ not found|no repositories|no cached repo|repository name .* not found/i.test(said)
    ) {
      return [
        `Helm has no repository ${name}`,
        [helmCommand(['repo', 'add', name, 'URL']), helmCommand(['repo', 'list'])],
      ]
    }
    if (/\b40[13]\b|unauthorized|denied|forbidden|no basic auth/i.test(said)) {
      const login =
        kind === 'registry'
          ? helmCommand(['registry', 'login', name])
          : helmCommand(['repo', 'add', name, 'URL', '--username', '…'])
      return [`The ${kind} ${name} refuses your login for chart ${chart}`, [login]]
    }
    if (/not found|\b404\b|no chart version|no chart name|improper constraint/i.test(said)) {
      const versions =
        kind === 'repository' ? [`helm repo update, then helm search repo ${chart} --versions`] : []
      return [
        `The ${kind} ${name} does not have this chart or version`,
        [...versions, 'correct --chart or --chart-version'],
      ]
    }
    if (/connect|no such host|timeout|EOF|x509|tls|lookup|reset/i.test(said)) {
      return [`Cannot reach the ${kind} ${name}`, [`check that ${name} is up and can be reached from here`]]
    }
    return [`Helm cannot fetch chart ${chart} from the ${kind} ${name}`, []]
  }
}

interface Place {
  kind: 'registry' | 'repository'
  name: string
}

/** The source of a chart: the host of its URL, or the repository's name. */
function placeOf(chart: string): Place {
  const [, scheme, host] = /^(\w+):\/\/(?:[^/@]*@)?([^/]+)/.exec(chart) ?? []
  if (host === undefined) return { kind: 'repository', name: chart.split('/')[0]! }
  return { kind: scheme === 'oci' ? 'registry' : 'repository', name: host }
}
