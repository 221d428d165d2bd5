import { shellWord } from '../lib/shell-word.js'

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

interface ChartWords {
  valuesFiles?: string[]
  set?: string[]
  setString?: string[]
  chart?: string
  chartVersion?: string
}

interface UpgradeWords extends ChartWords {
  app: string
  revision?: number
}

function upgradeFlags({ revision, ...ofChart }: UpgradeWords): string[] {
  return [...chartWords(ofChart), ...(revision === undefined ? [] : ['--revision', String(revision)])]
}

/** Flags for a chart and its values. Values may be secrets and stay out, as do passwords in a chart's address. */
export function chartWords({
  valuesFiles = [],
  set = [],
  setString = [],
  chart,
  chartVersion,
}: ChartWords): string[] {
  const keys = (flag: string, texts: string[]) => texts.flatMap((text) => [flag, text.replace(/=.*$/s, '=…')])
  return [
    ...valuesFiles.flatMap((file) => ['-f', file]),
    ...keys('--set', set),
    ...keys('--set-string', setString),
    ...(chart === undefined ? [] : ['--chart', chart.replace(/\/\/[^/@]*@/, '//…@')]),
    ...(chartVersion === undefined ? [] : ['--chart-version', chartVersion]),
  ]
}

function words(...all: (string | false | undefined)[]): string {
  return all.filter(Boolean).join(' ')
}

/** Flags whose values become values of a release, and may be secrets. */
const VALUE_FLAGS = ['--set', '--set-string', '--set-version']

/**
 * A command as typed, to be pasted once more: without what holds for one call only (its output, a dry run, a yes). Values of
 * a release stay open, `--set-version password=…`.
 */
export function repeatedCommand(words: readonly string[]): string {
  const kept = withoutFlags(words, {
    alone: /^(--dry-run|--json|--yes|-y|-o.+)$/,
    valued: /^(--output|-o|--approve)$/,
  })
  const open = (assignment: string) => `${shellWord(assignment.replace(/=.*$/s, ''))}=…`
  const shown = kept.map((word, index) => {
    if (VALUE_FLAGS.includes(kept[index - 1] ?? '')) return open(word)
    const flag = VALUE_FLAGS.find((name) => word.startsWith(`${name}=`))
    return flag === undefined ? shellWord(word) : `${flag}=${open(word.slice(flag.length + 1))}`
  })
  return ['canary', ...shown].join(' ')
}

/** Words of a command line without some flags: those alone, and those with a value. */
export function withoutFlags(
  words: readonly string[],
  { alone, valued }: { alone?: RegExp; valued: RegExp },
): string[] {
  return words.filter((word, index) => {
    const [flag = ''] = word.split('=')
    return !alone?.test(word) && !valued.test(flag) && !valued.test(words[index - 1] ?? '')
  })
}
