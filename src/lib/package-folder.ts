import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(import.meta.url)

/** The folder that holds package.json, chart/ and schema/, from the sources and from a build alike. */
export const packageFolder = folderAbove(path.dirname(here))

/** The folder of the code that runs: src/ or dist/. */
export const codeFolder = path.join(packageFolder, path.relative(packageFolder, here).split(path.sep)[0]!)

function folderAbove(folder: string): string {
  return existsSync(path.join(folder, 'package.json')) ? folder : folderAbove(path.dirname(folder))
}
