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
}

function words(...all: (string | false | undefined)[]): string {
  return all.filter(Boolean).join(' ')
}
