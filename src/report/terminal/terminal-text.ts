import { OBEYED, replaceHidden } from '../../lib/hidden-characters.js'

/** The codes of the palette: bold, dim, red, green, yellow, and their ends. */
const BUT_COLOUR = new RegExp(`(\\u001b\\[(?:1|2|22|3[123]|39)m)|[${OBEYED}]`, 'gu')
const BREAK = /\r\n|[\n\r\u000b\u000c\u0085\u2028\u2029]/g

/** Replaces a character that is not shown. */
const MARK = '\ufffd'
/** Replaces a line break. */
const BREAK_MARK = '\u2424'

/**
 * A text that a terminal shows and does not obey: output of programs, pods and answers may be binary, or meant to
 * rewrite the screen or to hide what follows. Line breaks, tabs and the palette's own colours stay; any other control
 * character becomes `�`.
 */
export function withoutControls(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(BUT_COLOUR, (_character, colour?: string) => colour ?? MARK)
}

/** A single line, whatever is in it: breaks become `␤`. */
export function onOneLine(text: string): string {
  return text.replace(BREAK, BREAK_MARK)
}

/** Fields with several lines: output of programs, bodies, files, values (shown as YAML or JSON). */
const WITH_LINES = new Set(
  'stderr body content remedy stack runbook mermaid values before after config evidence'.split(' '),
)

/**
 * A copy of a result or an event, safe to render: its texts have no control characters, colours included, and
 * single-line fields have no breaks. So nobody can add lines through a description, a name or a message.
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

/** Fields rendered in a format with its own escapes. */
const AS_YAML = new Set(['values', 'before', 'after', 'config', 'evidence'])
const MOST_DEPTH = 100

/** How a CI system's commands begin, within a line: GitHub's and Azure's `##[`, `##vso[`, `##teamcity[`. */
const COMMAND = /#(?=#(?:vso|teamcity)?\[)/gi

/** Whether the output goes to a system that reads commands in a step's output: GitHub, Azure Pipelines, TeamCity. */
export function takesCommands(env: Record<string, string | undefined>): boolean {
  return env.GITHUB_ACTIONS === 'true' || /^true$/i.test(env.TF_BUILD ?? '') || Boolean(env.TEAMCITY_VERSION)
}

/** A text without such commands; GitHub also reads lines that begin with `::`. */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1:\u200b').replace(COMMAND, '#\u200b')
}

/** The same for JSON, and YAML with all texts in double quotes, without a change of meaning. */
export function withEscapedCommands(text: string): string {
  return text.replace(/##(?=(?:vso|teamcity)?\[)/gi, '#\\u0023')
}
