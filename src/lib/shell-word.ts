/** A text as one word of a POSIX shell's command line: quoted if it contains anything that a shell would interpret. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
