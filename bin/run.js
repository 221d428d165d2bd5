#!/usr/bin/env node
import module from 'node:module'

// Node 22.1 and newer keep compiled code between runs, which halves the start-up time.
module.enableCompileCache?.()
// Stack traces then name the sources; reading the maps costs time that only --debug is worth.
if (process.argv.includes('--debug') || (process.env.CANARY_DEBUG ?? process.env.DEBUG))
  process.setSourceMapsEnabled(true)
const { main } = await import('../dist/cli/main.js')
await main(process.argv.slice(2), import.meta.url)
