import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(import.meta.url)

/** The folder of package.json, chart/ and schema/, for sources and builds. */
export const packageFolder = folderAbove(path.dirname(here))

/** The folder of the running code: src/ or dist/. */
export const codeFolder = path.join(packageFolder, path.relative(packageFolder, here).split(path.sep)[0]!)

function folderAbove(folder: string): string {
  return existsSync(path.join(folder, 'package.json')) ? folder : folderAbove(path.dirname(folder))
}
