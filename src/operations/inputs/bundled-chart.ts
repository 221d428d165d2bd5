import { fileURLToPath } from 'node:url'

/** The chart that comes with canary: beside `dist` and `src` alike. */
export function bundledChart(): string {
  return fileURLToPath(new URL('../../../chart', import.meta.url))
}
