// Removes what a build or a pack left: node scripts/clean.mjs PATH, below the project's root.
// npm runs `prepare` after `prepack`, so a build must leave the command manifest alone; `postpack` takes it away, for a
// stale one would hide new commands.
import { rmSync } from 'node:fs'

rmSync(new URL(`../${process.argv[2]}`, import.meta.url), { recursive: true, force: true })
