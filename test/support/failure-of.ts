import type { CanaryError } from '../../src/model/errors.js'

/** What work fails with. Throws where it does not fail. */
export async function failureOf(work: Promise<unknown>): Promise<CanaryError> {
  try {
    await work
  } catch (error) {
    return error as CanaryError
  }
  throw new Error('it did not fail')
}
