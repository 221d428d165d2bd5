/** The process that `canary sandbox start` leaves behind: node main.js FOLDER. Tells its parent when it is ready. */
import { serveSandbox } from './serve.js'

const [, , folder] = process.argv
if (!folder) throw new Error('usage: main.js FOLDER')
await serveSandbox(folder, () => {
  process.send?.('ready')
  if (process.connected) process.disconnect()
})
