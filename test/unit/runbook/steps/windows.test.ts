import { describe, expect, it } from 'vitest'
import type { Weekday, Window } from '../../../../src/runbook/runbook.js'
import { isOpen, isTimeZone, minutesOf, nextOpening } from '../../../../src/runbook/steps/windows.js'

function window(days: Weekday[], from: string, to: string, timeZone = 'Europe/Berlin'): Window {
  return { name: 'w', days, from: minutesOf(from)!, to: minutesOf(to)!, timeZone }
}

const office = window(['mon', 'tue', 'wed', 'thu'], '09:00', '16:00')
const night = window(['fri'], '22:00', '06:00')

describe('isOpen', () => {
  it.each([
    ['at the minute it opens', office, '2026-11-23T08:00:00Z', true],
    ['a second before', office, '2026-11-23T07:59:59Z', false],
    ['a second before it shuts', office, '2026-11-23T14:59:59Z', true],
    ['at the minute it shuts', office, '2026-11-23T15:00:00Z', false],
    ['on another day', office, '2026-11-27T10:00:00Z', false],
    ['by the clocks of summer', office, '2026-07-06T07:00:00Z', true],
    ['overnight, the evening', night, '2026-11-27T21:00:00Z', true],
    ['overnight, the morning after', night, '2026-11-28T04:59:00Z', true],
    ['overnight, when it shuts', night, '2026-11-28T05:00:00Z', false],
    ['overnight, the morning before', night, '2026-11-27T04:00:00Z', false],
    ['from Sunday on to Monday', window(['sun'], '23:00', '01:00', 'UTC'), '2026-11-23T00:30:00Z', true],
    ['to the end of the day', window(['mon'], '00:00', '24:00', 'UTC'), '2026-11-23T23:59:59Z', true],
    ['on the day of its zone', window(['tue'], '00:00', '12:00', 'Asia/Tokyo'), '2026-11-23T16:00:00Z', true],
    [
      'in a zone of half hours',
      window(['mon'], '09:00', '10:00', 'Asia/Kolkata'),
      '2026-11-23T03:30:00Z',
      true,
    ],
  ])('%s', (_, given, instant, open) => {
    expect(isOpen(given, new Date(instant))).toBe(open)
  })
})

describe('nextOpening', () => {
  it.each([
    ['now, where it is open', office, '2026-11-23T10:00:30Z', '2026-11-23T10:00:30Z'],
    ['later the same day', office, '2026-11-23T05:12:34Z', '2026-11-23T08:00:00Z'],
    ['the day after', office, '2026-11-23T15:00:00Z', '2026-11-24T08:00:00Z'],
    ['after the weekend', office, '2026-11-26T15:00:00Z', '2026-11-30T08:00:00Z'],
    ['over the change to winter', office, '2026-10-22T15:00:00Z', '2026-10-26T08:00:00Z'],
    ['over the change to summer', office, '2026-03-26T15:30:00Z', '2026-03-30T07:00:00Z'],
    // At 02:00 of 29 March clocks go to 03:00.
    [
      'at the end of a skipped hour',
      window(['sun'], '02:30', '04:00'),
      '2026-03-28T12:00:00Z',
      '2026-03-29T01:00:00Z',
    ],
    [
      'not in a skipped hour',
      window(['sun'], '02:10', '02:50'),
      '2026-03-28T12:00:00Z',
      '2026-04-05T00:10:00Z',
    ],
    // At 03:00 of 25 October clocks go back to 02:00.
    [
      'at the first of two hours',
      window(['sun'], '02:30', '04:00'),
      '2026-10-24T12:00:00Z',
      '2026-10-25T00:30:00Z',
    ],
    ['at night', night, '2026-11-28T05:00:00Z', '2026-12-04T21:00:00Z'],
  ])('%s', (_, given, instant, opening) => {
    expect(nextOpening(given, new Date(instant)).toISOString()).toBe(new Date(opening).toISOString())
  })
})

it.each([
  ['09:30', 570],
  ['00:00', 0],
  ['24:00', 1440],
  ['24:01', undefined],
  ['09:60', undefined],
  ['9:30', undefined],
])('minutesOf %s', (time, minutes) => expect(minutesOf(time)).toBe(minutes))

it.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['Europe/Berln', false],
  ['', false],
])('isTimeZone %s', (name, is) => expect(isTimeZone(name)).toBe(is))
