import { Secrets } from '../src/lib/secrets/secrets.js'
import { inPairs, median } from './measure.js'

type Row = (what: string, figure: string, baseline?: string) => void

const SECRETS = 5000
const LINE = 256 * 1024

/** CPU milliseconds of something that is done at once. */
function cpuOf(run: () => void): Promise<number> {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return Promise.resolve((user + system) / 1000)
}

/** Masking, against reading the same values from JSON, and against copying the same line to lower case. */
export async function masking(row: Row): Promise<void> {
  const env = Object.fromEntries(
    Array.from({ length: SECRETS }, (_, at) => [
      `S${at}_PASSWORD`,
      `S3cret-${at}-correct-horse-battery-staple`,
    ]),
  )
  const json = JSON.stringify({ env })
  const values: unknown = JSON.parse(json)
  const known = await inPairs(
    9,
    () =>
      cpuOf(() => {
        const secrets = new Secrets()
        secrets.learn(values)
        secrets.maskText('could not log in with S3cret-1-correct-horse-battery-staple')
      }),
    () => cpuOf(() => void JSON.parse(json)),
  )
  row(
    `${SECRETS} secrets learnt, one found again: CPU`,
    `${(median(known.a) / median(known.b)).toFixed(0)}×`,
    `JSON.parse of the values (${median(known.b).toFixed(1)} ms)`,
  )
  const line = 'password:[{'.repeat(LINE / 11)
  const secrets = new Secrets()
  const long = await inPairs(
    9,
    () => cpuOf(() => void secrets.maskText(line)),
    () => cpuOf(() => void line.replace(/[a-z]/g, (letter) => letter.toUpperCase())),
  )
  row(
    'one line of 256 KiB masked: CPU',
    `${(median(long.a) / median(long.b)).toFixed(2)}×`,
    `its letters replaced (${median(long.b).toFixed(0)} ms)`,
  )
}
