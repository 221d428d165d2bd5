// A bundle keeps the named exports of a CommonJS package for static imports alone; main.ts loads this where it is needed.
export { run } from '@oclif/core/run'
