import { WEEKDAYS, type Weekday, type Window } from '../runbook.js'

const MINUTE_MS = 60_000
const DAY_MINUTES = 24 * 60

/** Minutes since midnight of `09:30`; 1440 for `24:00`. Undefined if the text is no time of day. */
export function minutesOf(time: string): number | undefined {
  const parts = /^(\d\d):(\d\d)$/.exec(time)
  if (!parts) return undefined
  const minutes = Number(parts[1]) * 60 + Number(parts[2])
  return Number(parts[2]) < 60 && minutes <= DAY_MINUTES ? minutes : undefined
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** Whether the window is open at the instant, by the clocks of its zone. */
export function isOpen(window: Window, instant: Date): boolean {
  return isOpenAt(window, clockOf(window.timeZone)(instant))
}

/**
 * The first minute from the instant on at which the window is open; the instant itself if it is open then. Follows the zone's
 * changes between summer and winter time.
 */
export function nextOpening(window: Window, instant: Date): Date {
  const read = clockOf(window.timeZone)
  if (isOpenAt(window, read(instant))) return instant
  let time = Math.ceil(instant.getTime() / MINUTE_MS) * MINUTE_MS
  // An hour skipped by a clock change moves the opening by one week, or by two.
  const last = time + 22 * DAY_MINUTES * MINUTE_MS
  while (time < last) {
    const clock = read(new Date(time))
    if (isOpenAt(window, clock)) return new Date(time)
    time += minutesToTry(window, clock) * MINUTE_MS
  }
  throw new Error(`the window ${window.name} never opens`)
}

/** An instant by the clocks of the window: `2026-11-23 09:00 Europe/Berlin`. */
export function byItsClocks({ timeZone }: Window, instant: Date): string {
  const options = { timeZone, dateStyle: 'short', timeStyle: 'short' } as const
  // Swedish dates are those of ISO 8601.
  return `${new Intl.DateTimeFormat('sv-SE', options).format(instant)} ${timeZone}`
}

/** How far the search may skip: hours while far from the opening (clocks change by less), minutes when near. */
function minutesToTry({ from }: Window, { minutes }: Clock): number {
  const ahead = (from - minutes + DAY_MINUTES) % DAY_MINUTES
  return ahead > 240 ? ahead - 180 : 1
}

interface Clock {
  day: Weekday
  /** Since midnight. */
  minutes: number
}

function isOpenAt({ days, from, to }: Window, { day, minutes }: Clock): boolean {
  if (from < to) return days.includes(day) && minutes >= from && minutes < to
  const yesterday = WEEKDAYS[(WEEKDAYS.indexOf(day) + 6) % 7]!
  return (days.includes(day) && minutes >= from) || (days.includes(yesterday) && minutes < to)
}

/** Reads the clocks of a zone. */
function clockOf(timeZone: string): (instant: Date) => Clock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]))
    return {
      day: parts.weekday!.toLowerCase() as Weekday,
      minutes: Number(parts.hour) * 60 + Number(parts.minute),
    }
  }
}
