import { helmCommand } from '../../../model/command-line.js'

export interface StepCommand {
  verb: 'install' | 'upgrade'
  app: string
  namespace: string
  /** The chart's path; undefined: the one in the release's record, which has no path. */
  chart?: string
  description: string
}

/** The helm command of a step, for dry runs and results. */
export function stepCommand({ verb, app, namespace, chart, description }: StepCommand): string {
  return helmCommand([
    verb,
    app,
    chart ?? `<chart of ${app}'s own record>`,
    ...(verb === 'install' ? ['--create-namespace'] : []),
    '--namespace',
    namespace,
    '--values',
    '-',
    '--description',
    description,
  ])
}
