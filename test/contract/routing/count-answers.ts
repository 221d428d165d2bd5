import type { Pool } from 'undici'

/** A connection that is refused or breaks. */
export const NO_ANSWER = 'no answer'

/**
 * Sends requests; counts answers as `200 body`, and as {@link NO_ANSWER} what was not answered.
 *
 * @param path with a method before it, if that is not GET: `POST /echo`
 */
export async function countAnswers(
  pool: Pool,
  path: string,
  headers: [string, string][],
  sent: number,
): Promise<{ answers: Record<string, number>; first: Record<string, string> }> {
  const answers: Record<string, number> = {}
  let first: Record<string, string> | undefined
  for (let left = sent; left > 0; left -= 1) {
    const [method, target] = path.includes(' ') ? path.split(' ') : ['GET', path]
    try {
      const answer = await pool.request({
        path: target!,
        method: method as 'GET' | 'POST',
        headers: headers.flat(),
      })
      const body = (await answer.body.text()).trim()
      const key = `${answer.statusCode} ${body}`.trim()
      answers[key] = (answers[key] ?? 0) + 1
      first ??= answer.headers as Record<string, string>
    } catch {
      answers[NO_ANSWER] = (answers[NO_ANSWER] ?? 0) + 1
    }
  }
  return { answers, first: first ?? {} }
}
