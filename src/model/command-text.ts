/**
 * Commands as they read in a release's history, on the lock and in progress, without `canary`: the same for the command line
 * and for the operation behind it.
 */
export const commandText = {
  install: ({ app, version }: { app: string; version: string }) => words('install', app, version),
  start: ({ app, version }: { app: string; version: string }) => words('start', app, version),
  shift: ({ app, weight }: { app: string; weight: number }) => words('shift', app, String(weight)),
  finish: ({ app, version }: { app: string; version?: string }) => words('finish', app, version),
  abort: ({ app, breakLock }: { app: string; breakLock?: boolean }) =>
    words('abort', app, breakLock && '--break-lock'),
  undo: ({ app, version, fast }: { app: string; version?: string; fast: boolean }) =>
    words('undo', app, version, fast && '--fast'),
  import: ({ app }: { app: string }) => words('import', app),
  upgrade: (request: UpgradeWords) => words('upgrade', request.app, ...upgradeFlags(request)),
  uninstall: ({ app }: { app: string }) => words('uninstall', app),
}

interface UpgradeWords {
  app: string
  valuesFiles?: string[]
  set?: string[]
  setString?: string[]
  chart?: string
  chartVersion?: string
  revision?: number
}

/** Values may be secrets and stay out, as do passwords in a chart's address. */
function upgradeFlags({
  valuesFiles = [],
  set = [],
  setString = [],
  chart,
  chartVersion,
  revision,
}: UpgradeWords): string[] {
  const keys = (flag: string, texts: string[]) => texts.flatMap((text) => [flag, text.replace(/=.*$/s, '=…')])
  return [
    ...valuesFiles.flatMap((file) => ['-f', file]),
    ...keys('--set', set),
    ...keys('--set-string', setString),
    ...(chart === undefined ? [] : ['--chart', chart.replace(/\/\/[^/@]*@/, '//…@')]),
    ...(chartVersion === undefined ? [] : ['--chart-version', chartVersion]),
    ...(revision === undefined ? [] : ['--revision', String(revision)]),
  ]
}

function words(...all: (string | false | undefined)[]): string {
  return all.filter(Boolean).join(' ')
}
