import { Chalk, type ColorSupportLevel } from 'chalk'

export type ColourChoice = 'auto' | 'always' | 'never'

/** Colours by meaning, not by hue. Colour never carries information alone. */
export interface Palette {
  good(text: string): string
  bad(text: string): string
  warn(text: string): string
  strong(text: string): string
  dim(text: string): string
}

/**
 * Whether a stream gets colour: --color decides, else FORCE_COLOR and NO_COLOR (if not empty), else only a terminal
 * that is not dumb. https://no-color.org, https://force-color.org
 */
export function wantsColour(
  choice: ColourChoice,
  isTerminal: boolean,
  env: Record<string, string | undefined>,
): boolean {
  if (choice !== 'auto') return choice === 'always'
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false'
  if (env.NO_COLOR) return false
  return isTerminal && env.TERM !== 'dumb'
}

/** A palette with colours, or one that leaves text unchanged. The sixteen basic colours follow the user's theme. */
export function createPalette(colour: boolean): Palette {
  const level: ColorSupportLevel = colour ? 1 : 0
  const chalk = new Chalk({ level })
  return {
    good: (text) => chalk.green(text),
    bad: (text) => chalk.red(text),
    warn: (text) => chalk.yellow(text),
    strong: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
  }
}
