import type { Runbook, RunbookCluster, RunbookStep, RunbookWave } from './runbook.js'
import { conditionText, stepText } from './steps/step-text.js'

/** More apps of a wave are counted, not named. */
const MOST_APPS = 8

/**
 * The runbook as a Mermaid flowchart: clusters with their waves, one after the other as `after` says, and the steps that
 * each app takes.
 */
export function runbookGraph({ clusters, waves, steps }: Runbook): string {
  const lines = ['flowchart TD']
  clusters.forEach((cluster, at) => lines.push(...clusterLines(cluster, at, waves)))
  clusters.forEach(({ after }, at) => {
    for (const name of after) {
      const before = clusters.findIndex((other) => other.name === name)
      lines.push(`  c${before}w${waves.length - 1} --> c${at}w0`)
    }
  })
  lines.push('  subgraph steps["steps of each app"]')
  steps.forEach((step, at) => lines.push(`    s${at}${shapeOf(step)}`))
  lines.push('  end')
  lines.push(
    ...links(
      steps.map((_, at) => `s${at}`),
      '  ',
    ),
  )
  return `${lines.join('\n')}\n`
}

function clusterLines({ name, context }: RunbookCluster, at: number, waves: RunbookWave[]): string[] {
  const title = name === undefined ? 'the cluster' : `${name} (${context})`
  const nodes = waves.map((_, index) => `c${at}w${index}`)
  return [
    `  subgraph c${at}[${quoted(title)}]`,
    ...waves.map((wave, index) => `    ${nodes[index]}[${quoted(waveText(wave))}]`),
    ...links(nodes, '    '),
    '  end',
  ]
}

function waveText({ name, apps, parallel }: RunbookWave): string {
  const names = apps.map((app) => app.name)
  const shown = names.slice(0, MOST_APPS).join(', ')
  const more = names.length > MOST_APPS ? ` and ${names.length - MOST_APPS} more` : ''
  return `${name}: ${shown}${more}${parallel > 1 ? ` (${parallel} at a time)` : ''}`
}

/** People and times are in rounded boxes, all else in plain ones. */
function shapeOf(step: RunbookStep): string {
  const condition = conditionText(step)
  const label = quoted(`${step.name ?? stepText(step)}${condition && ` (${condition})`}`)
  return step.type === 'approve' || step.type === 'pause' ? `(${label})` : `[${label}]`
}

function links(nodes: string[], indent: string): string[] {
  return nodes.slice(1).map((node, index) => `${indent}${nodes[index]} --> ${node}`)
}

/** Mermaid reads quotes, and some characters after them, as its own unless they are entities. */
function quoted(text: string): string {
  const safe = text.replace(/["#<>&`\\]/g, (sign) => `#${sign.charCodeAt(0)};`).replace(/\s+/g, ' ')
  return `"${safe}"`
}
