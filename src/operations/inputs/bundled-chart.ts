import path from 'node:path'
import { packageFolder } from '../../lib/package-folder.js'

/** Path of the chart that comes with canary. */
export function bundledChart(): string {
  return path.join(packageFolder, 'chart')
}
