// Builds the program: node scripts/build.mjs [ROOT]. Into ROOT (default: the project) go dist/, every command a file of its
// own beside the code they share, with all packages bundled in, and oclif.manifest.json, by which the help and the parser know
// the commands without loading them.
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Plugin } from '@oclif/core'
import { build } from 'esbuild'

const project = fileURLToPath(new URL('..', import.meta.url))
const root = path.resolve(process.argv[2] ?? project)
const manifest = path.join(root, 'oclif.manifest.json')
const dist = path.join(root, 'dist')

// A build that fails leaves neither an old program nor the manifest of one.
await Promise.all([rm(manifest, { force: true }), rm(dist, { recursive: true, force: true })])
const commands = await readdir(path.join(project, 'src/commands'), { recursive: true })
const { metafile } = await build({
  absWorkingDir: project,
  entryPoints: [
    ...commands.filter((file) => file.endsWith('.ts')).map((file) => path.join('src/commands', file)),
    'src/cli/main.ts',
    'src/cli/help.ts',
    // For soak/, which runs a build's sandbox in a process of its own.
    'src/sandbox/sandbox.ts',
  ],
  outbase: 'src',
  outdir: dist,
  bundle: true,
  splitting: true,
  chunkNames: 'shared/[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  sourcemap: true,
  sourcesContent: false,
  // oclif loads these to run TypeScript sources, which a build never does.
  external: ['typescript', 'ts-node', 'tsx'],
  // Packages in CommonJS ask for Node's own modules by `require`.
  banner: { js: "import{createRequire as $r}from'node:module';const require=$r(import.meta.url);" },
  plugins: [
    {
      name: 'undici',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^undici$/ }, () => ({ path: path.join(project, 'scripts/undici-clients.mjs') })),
    },
  ],
  metafile: true,
  logLevel: 'warning',
})
await writeFile(path.join(dist, 'LICENSES.txt'), await licenses(Object.keys(metafile.inputs)))

const plugin = new Plugin({
  root,
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
})
await plugin.load()
await writeFile(manifest, JSON.stringify(plugin.manifest))

/** The licences of the packages that are bundled in, as these demand. */
async function licenses(inputs) {
  const folders = inputs.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(
      await readFile(path.join(project, folder, 'package.json'), 'utf8'),
    )
    const file = (await readdir(path.join(project, folder))).find((one) => /^(licen[sc]e|copying)/i.test(one))
    const text = file ? await readFile(path.join(project, folder, file), 'utf8') : ''
    return `${name} ${version} (${license})\n\n${text.trim()}\n`
  })
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`)
}
