import type { FileSettings } from '../../model/setting-names.js'
import { SETTING_NAMES } from '../../model/setting-names.js'
import type { WrittenRunbook, WrittenWindow } from '../form/runbook.js'
import type { WrittenSettings } from '../form/settings.js'
import { circleOf, inOrder } from './dependency-order.js'
import type { Reader } from './value-reader.js'
import { type RunbookApp, type RunbookCluster, type RunbookWave, WEEKDAYS, type Window } from '../runbook.js'
import type { Path } from './problems.js'
import { isTimeZone, minutesOf } from '../steps/windows.js'

/** The windows by name. */
export function readWindows(data: WrittenRunbook, reader: Reader): Window[] {
  return Object.entries(data.windows ?? {}).map(([name, window]) => readWindow(name, window, reader))
}

function readWindow(name: string, { days, from, to, overnight, tz }: WrittenWindow, reader: Reader): Window {
  const path: Path = ['windows', name]
  const minutes = (key: 'from' | 'to', text: string): number => {
    const found = minutesOf(text)
    if (found === undefined)
      reader.report([...path, key], `must be a time of day like "09:00", not "${text}"`)
    return found ?? 0
  }
  const window: Window = {
    name,
    days: days ?? [...WEEKDAYS],
    from: minutes('from', from),
    to: minutes('to', to),
    timeZone: tz,
  }
  if (window.from === window.to || window.from === 24 * 60) {
    reader.report([...path, 'from'], `is ${from}, so the window is never open: it closes at ${to}`)
  } else if (window.to < window.from && !overnight) {
    const remedy = `write overnight: true if ${to} is on the next day`
    reader.report([...path, 'to'], `is ${to}, before the window opens at ${from}; ${remedy}`)
  } else if (window.to > window.from && overnight) {
    reader.report(
      [...path, 'overnight'],
      `is true, but the window closes on the day it opens (${from} to ${to})`,
    )
  }
  if (!isTimeZone(tz)) {
    reader.report([...path, 'tz'], `must be an IANA time zone like Europe/Berlin or UTC, not "${tz}"`)
  }
  return window
}

/** In order of `after`; one without a name if the file names none. */
export function readClusters(data: WrittenRunbook, reader: Reader): RunbookCluster[] {
  const given = Object.entries(data.clusters ?? {})
  if (given.length === 0) return [{ after: [], position: reader.positionOf([]) }]
  const names = given.map(([name]) => name)
  const clusters = given.map(([name, { context, kubeconfig, after }]): RunbookCluster => {
    const path: Path = ['clusters', name]
    return {
      name,
      context,
      kubeconfig,
      after: [...new Set(reader.names(after, [...path, 'after'], 'cluster', names) ?? [])],
      position: reader.positionOf(path),
    }
  })
  const circle = circleOf(clusters)
  if (circle) {
    reader.report(['clusters', circle[0]!, 'after'], `is circular: ${circle.join(' after ')}`)
  }
  return inOrder(clusters)
}

/** The waves with their apps; one of all apps if the file has none. */
export function readWaves(data: WrittenRunbook, clusters: RunbookCluster[], reader: Reader): RunbookWave[] {
  const shared = sharedSettings(data, clusters, reader)
  const apps = new Map(Object.keys(data.apps).map((name) => [name, readApp(name, data, shared, reader)]))
  if (!data.waves) {
    const position = reader.positionOf(['apps'])
    return [{ name: 'wave-1', apps: [...apps.values()], parallel: 1, failFast: true, position }]
  }
  const places = new Map<string, Path>()
  const waveNames = new Set<string>()
  const waves = data.waves.map((wave, index): RunbookWave => {
    const path: Path = ['waves', index]
    const name = wave.name ?? `wave-${index + 1}`
    if (waveNames.has(name)) reader.report([...path, 'name'], `"${name}" is already the name of another wave`)
    waveNames.add(name)
    reader.names(wave.apps, [...path, 'apps'], 'app', [...apps.keys()])
    wave.apps.forEach((app, at) => {
      const place: Path = [...path, 'apps', at]
      const before = places.get(app)
      if (before) {
        const { line } = reader.positionOf(before)
        reader.report(place, `names "${app}", which is already in a wave (line ${line})`)
      }
      places.set(app, place)
    })
    return {
      name,
      apps: wave.apps.flatMap((app) => apps.get(app) ?? []),
      parallel: reader.whole(wave.parallel ?? 1, [...path, 'parallel'], [1, 100]),
      failFast: wave.failFast ?? true,
      position: reader.positionOf(path),
    }
  })
  for (const name of apps.keys()) {
    if (!places.has(name)) reader.report(['apps', name], `"${name}" is in no wave`, true)
  }
  return waves
}

/** The settings that all apps of a cluster share. */
function sharedSettings(
  data: WrittenRunbook,
  clusters: RunbookCluster[],
  reader: Reader,
): [cluster: string, settings: FileSettings][] {
  const defaults = readSettings(data.defaults, ['defaults'], reader)
  return clusters.map(({ name = '' }) => {
    const of = name === '' ? {} : data.clusters![name]
    return [name, { ...defaults, ...readSettings(of, ['clusters', name], reader) }]
  })
}

function readApp(
  name: string,
  data: WrittenRunbook,
  shared: [cluster: string, settings: FileSettings][],
  reader: Reader,
): RunbookApp {
  const path: Path = ['apps', name]
  const own = readSettings(data.apps[name], path, reader)
  const settings = shared.map(([cluster, of]): [string, FileSettings] => [cluster, { ...of, ...own }])
  return { name, settings: Object.fromEntries(settings), position: reader.positionOf(path) }
}

function readSettings(data: WrittenSettings | undefined, path: Path, reader: Reader): FileSettings {
  const given = new Map(Object.entries(data ?? {}))
  const settings: FileSettings = {}
  for (const name of SETTING_NAMES) {
    const key = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
    const value = given.get(key)
    // Of a cluster, `kubeconfig` is a path from the runbook's folder, not a setting.
    if (name === 'kubeconfig' || value === undefined) continue
    settings[name] = { value: settingText(value), source: reader.placeOf([...path, key]) }
  }
  return settings
}

type SettingValue = NonNullable<NonNullable<WrittenSettings>[keyof NonNullable<WrittenSettings>]>

/** As a flag would have it: a map as `name=value` pairs. */
function settingText(value: SettingValue): string | string[] {
  if (Array.isArray(value)) return value
  if (typeof value !== 'object') return String(value)
  return Object.entries(value).map(([name, item]) => `${name}=${item}`)
}
