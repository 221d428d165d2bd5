#!/usr/bin/env -S node --import tsx
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Plugin } from '@oclif/core'
import { main } from '../src/cli/main.ts'

// Runs the sources, whatever was built before: commands and help by their own paths, a built command manifest left aside.
const root = fileURLToPath(new URL('..', import.meta.url))
const pjson = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
pjson.oclif = { ...pjson.oclif, commands: './src/commands', helpClass: './src/cli/help.ts' }
const plugin = new Plugin({ root, pjson, isRoot: true, ignoreManifest: true })
await plugin.load()
await main(process.argv.slice(2), { root, pjson, plugins: [plugin] })
