/** Prints what puts the helm and kubectl that come with `npm ci` on PATH: `eval "$(npm run -s tools)"`. */
import { toolsFolder } from './tools.js'

const folder = await toolsFolder(4)
if (folder) console.log(`export PATH='${folder.replaceAll("'", String.raw`'\''`)}':"$PATH"`)
else console.error('helm and kubectl come along on linux-x64 only: put yours on PATH')
