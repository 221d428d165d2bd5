import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/lib/clock.js'

afterEach(() => void vi.restoreAllMocks())

test('follows the system, and goes on evenly where that is set back', () => {
  const monotonic = vi.spyOn(performance, 'now').mockReturnValue(1000)
  const wall = vi.spyOn(Date, 'now')
  const begun = systemClock.now()
  monotonic.mockReturnValue(2000)
  wall.mockReturnValue(begun - 3_600_000)
  const later = systemClock.now()
  expect(later - begun).toBeGreaterThanOrEqual(0)
  monotonic.mockReturnValue(2500)
  expect(systemClock.now() - later).toBe(500)
  wall.mockReturnValue(later + 7_200_000)
  expect(systemClock.now()).toBe(later + 7_200_000)
})
