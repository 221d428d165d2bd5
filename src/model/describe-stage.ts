import type { Stage } from './stage.js'

/** One sentence for people, without its full stop: `weighted: 50 % of the requests go to v2, the rest to v1`. */
export function describeStage(stage: Stage): string {
  switch (stage.name) {
    case 'absent':
      return 'absent: there is no release'
    case 'stable':
      return `stable: every request goes to ${stage.primary}`
    case 'deployed':
      return (
        `deployed: ${stage.canary} stands beside ${stage.primary}, every request goes to ${stage.primary}` +
        (stage.shadow === undefined ? '' : `, ${stage.canary} gets copies of ${stage.shadow} % of them`)
      )
    case 'header':
      return `header: requests with ${describeHeaders(stage.headers)} go to ${stage.canary}, all others to ${stage.primary}`
    case 'weighted':
      return `weighted: ${stage.weight} % of the requests and those with ${describeHeaders(stage.headers)} go to ${stage.canary}, the rest to ${stage.primary}`
    case 'shifted':
      return `shifted: every request goes to ${stage.canary}, ${stage.primary} stands by`
    case 'unknown':
      return `unknown: ${stage.problems.join('; ')}`
  }
}

/** `stage: canary`, several joined by `and`. */
export function describeHeaders(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join(' and ')
}
