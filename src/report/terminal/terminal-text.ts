import { OBEYED, replaceHidden } from '../../lib/hidden-characters.js'

/** The codes of the palette: bold, dim, red, green, yellow, and their ends. */
const BUT_COLOUR = new RegExp(`(\\u001b\\[(?:1|2|22|3[123]|39)m)|[${OBEYED}]`, 'gu')
const BREAK = /\r\n|[\n\r\u000b\u000c\u0085\u2028\u2029]/g

/** What is shown in the place of a character that is not. */
const MARK = '\ufffd'
/** The same of a line break. */
const BREAK_MARK = '\u2424'

/**
 * A text that a terminal shows and does not obey: output of programs, pods and answers may be binary, or meant to rewrite the
 * screen or to hide what follows. Line breaks, tabs and the palette's own colours stay; else each such character becomes `�`.
 */
export function withoutControls(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(BUT_COLOUR, (_character, colour?: string) => colour ?? MARK)
}

/** A line that stays one, whatever is in it: breaks become `␤`. */
export function onOneLine(text: string): string {
  return text.replace(BREAK, BREAK_MARK)
}

/** Fields of several lines: output of programs, bodies, files, values (shown as YAML or JSON). */
const WITH_LINES = new Set(
  'stderr body content remedy stack runbook mermaid values before after config evidence'.split(' '),
)

/**
 * A copy of a result or an event whose texts are what they seem when they are rendered: no character that is obeyed, colours
 * included, and those of one line on one line. So whoever writes a description, a name or a message cannot add lines.
 */
export function plainTexts<T>(data: T, key = '', depth = 0): T {
  if (typeof data === 'string') {
    const text = WITH_LINES.has(key) ? data.replaceAll('\r\n', '\n') : onOneLine(data)
    return replaceHidden(text, MARK) as T
  }
  if (typeof data !== 'object' || data === null || depth > MOST_DEPTH) return data
  if (Array.isArray(data)) return data.map((item: unknown) => plainTexts(item, key, depth + 1)) as T
  if (AS_YAML.has(key)) return data
  return Object.fromEntries(
    Object.entries(data).map(([name, child]) => [
      replaceHidden(onOneLine(name), MARK),
      plainTexts(child as unknown, name, depth + 1),
    ]),
  ) as T
}

/** What is rendered by a format with escapes of its own. */
const AS_YAML = new Set(['values', 'before', 'after', 'config', 'evidence'])
const MOST_DEPTH = 100

/** How a CI system's commands begin, within a line: GitHub's and Azure's `##[`, `##vso[`, `##teamcity[`. */
const COMMAND = /#(?=#(?:vso|teamcity)?\[)/gi

/** Whether output goes to a system that takes commands from whatever a step prints: GitHub, Azure Pipelines, TeamCity. */
export function takesCommands(env: Record<string, string | undefined>): boolean {
  return env.GITHUB_ACTIONS === 'true' || /^true$/i.test(env.TF_BUILD ?? '') || Boolean(env.TEAMCITY_VERSION)
}

/** A text in which such a system finds no command; GitHub takes lines that begin with `::`, too. */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1:\u200b').replace(COMMAND, '#\u200b')
}

/** The same for JSON, and YAML with all texts in double quotes: it means what it meant. */
export function withEscapedCommands(text: string): string {
  return text.replace(/##(?=(?:vso|teamcity)?\[)/gi, '#\\u0023')
}
