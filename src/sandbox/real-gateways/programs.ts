import { access, constants } from 'node:fs/promises'
import path from 'node:path'

/** Implementations of the Gateway API that can run beside the sandbox, with the programs that they need. */
export const REAL_GATEWAYS = {
  contour: ['contour', 'envoy'],
  traefik: ['traefik'],
} as const satisfies Record<string, readonly string[]>

export type RealGateway = keyof typeof REAL_GATEWAYS

/** Paths of programs by their names. */
export type Programs = Record<string, string>

/** Where the programs are: in the folder if one is named, else on PATH; and the names of those that are nowhere. */
export async function findPrograms(
  names: readonly string[],
  { folder, searchPath = '' }: { folder?: string; searchPath?: string },
): Promise<{ found: Programs; missing: string[] }> {
  const folders =
    folder === undefined ? searchPath.split(path.delimiter).filter((one) => one !== '') : [folder]
  const found: Programs = {}
  for (const name of names) {
    for (const one of folders) {
      const candidate = path.resolve(one, name)
      if (found[name] === undefined && (await isExecutable(candidate))) found[name] = candidate
    }
  }
  return { found, missing: names.filter((name) => found[name] === undefined) }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
