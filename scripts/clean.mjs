// Removes what a build leaves: the compiled code, and the command manifest (a stale one would hide new commands).
import { rmSync } from 'node:fs'

const targets = process.argv[2] === 'manifest' ? ['oclif.manifest.json'] : ['oclif.manifest.json', 'dist']
for (const target of targets)
  rmSync(new URL(`../${target}`, import.meta.url), { recursive: true, force: true })
