/** Control characters, and what moves the cursor or changes the terminal; colours are let through. */
const CONTROLS = /\u001b(?!\[[\d;]*m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g

/**
 * A text that a terminal shows and does not obey: what programs, pods and answers say may be binary, or meant to
 * rewrite the screen. Line breaks, tabs and colours stay; else each control character is shown as `�`.
 */
export function withoutControls(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROLS, '\ufffd')
}

/**
 * A text in which GitHub's runner finds no command: it takes lines that begin with `::`, and `##[` anywhere, from whatever a
 * step prints.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1:\u200b').replace(/#(?=#\[)/g, '#\u200b')
}
