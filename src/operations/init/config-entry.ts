import { type Document, isMap, parseDocument } from 'yaml'
import { UsageError } from '../../model/errors.js'
import { YamlError, yamlDocuments } from '../../lib/yaml/documents.js'

const NEW_FILE = `# Settings of canary for the apps of this folder: flags by their names. A flag or a CANARY_* variable wins.
# defaults:    # of all apps
#   verify-timeout: 60s
apps: {}
`

/**
 * The text of a canary.yaml with these settings of an app added, everything else and comments unchanged; undefined if
 * the app has settings already and `force` is not set. Throws UsageError with the line of a syntax error.
 */
export function withApp(
  text: string | undefined,
  file: string,
  { app, settings, force }: { app: string; settings: Record<string, string>; force: boolean },
): string | undefined {
  if (text !== undefined) check(text, file)
  const isEmpty = text === undefined || parseDocument(text).contents === null
  const before = text === undefined || text === '' || text.endsWith('\n') ? (text ?? '') : `${text}\n`
  const document = parseDocument(isEmpty ? `${before}${NEW_FILE}` : before)
  const apps = mapAt(document, ['apps'], file)
  const own = mapAt(document, ['apps', app], file)
  if (own && !force) return undefined
  // An empty flow map (`apps: {}`) becomes a block map.
  if (apps) apps.flow = false
  else document.setIn(['apps'], document.createNode({}))
  if (!own) document.setIn(['apps', app], document.createNode({}))
  for (const [name, value] of Object.entries(settings)) document.setIn(['apps', app, name], value)
  return document.toString({ lineWidth: 0 })
}

function check(text: string, file: string): void {
  try {
    const [first, second] = yamlDocuments(text)
    if (second) throw new YamlError('there is a second document', second.lineOf(second.document.range[0]))
    if (first && first.document.contents !== null && !isMap(first.document.contents)) {
      throw new YamlError('the file must be a map', 1)
    }
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw wrong(`${file}, line ${error.line}: ${error.message}.`, file)
  }
}

function mapAt(document: Document, path: string[], file: string) {
  const node: unknown = document.getIn(path, true)
  if (isMap(node)) return node
  const value: unknown = document.getIn(path)
  if (value === undefined || value === null) return undefined
  throw wrong(`${file}: ${path.join('.')} must be a map.`, file)
}

function wrong(message: string, file: string): UsageError {
  return new UsageError(message, { state: 'Nothing was written.', nextSteps: [`correct ${file}`] })
}
