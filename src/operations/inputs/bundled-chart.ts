import path from 'node:path'
import { packageFolder } from '../../lib/package-folder.js'

/** The chart that comes with canary. */
export function bundledChart(): string {
  return path.join(packageFolder, 'chart')
}
