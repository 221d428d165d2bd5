import type { AnswerError, ErrorCount } from '../../model/verify/answer-errors.js'
import { errorText } from './error-texts.js'

/** Counts an error in place. */
export function countError(counts: ErrorCount[], error: AnswerError, times = 1): void {
  const { kind, status, detail } = error
  const same = counts.find(
    (entry) => entry.kind === kind && entry.status === status && entry.detail === detail,
  )
  if (same) same.count += times
  else counts.push({ ...error, text: errorText(error), count: times })
}

export function totalOf(counts: readonly ErrorCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0)
}

/** The sum of several counts. */
export function addedCounts(...all: (readonly ErrorCount[])[]): ErrorCount[] {
  const sum: ErrorCount[] = []
  for (const { text: _text, count, ...error } of all.flat()) countError(sum, error, count)
  return sum
}

/** Sorted by frequency, highest first. */
export function byFrequency(counts: readonly ErrorCount[]): ErrorCount[] {
  return [...counts].sort((a, b) => b.count - a.count)
}

/** `20 × http 500, 8 × timeout`. */
export function countsText(counts: readonly ErrorCount[]): string {
  return byFrequency(counts)
    .map(({ count, text }) => `${count} × ${text}`)
    .join(', ')
}
