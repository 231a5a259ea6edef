/** Obeyed by terminals, or able to turn around what is read: C0, DEL, C1, marks of direction. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const escape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Makes a string of strangers safe for a terminal: control characters are shown, not obeyed. Line breaks become `\n` too. */
export const safe = (text: string): string => text.replaceAll(CONTROL, (char) => NAMED[char] ?? escape(char))

/** The same for a text of several lines, whose line breaks and tabs are its own. */
export const safeLines = (text: string): string =>
  text.replaceAll(CONTROL, (char) => (char === '\n' || char === '\t' ? char : escape(char)))

/** A line for stderr about something that does not stop the work. */
export const warning = (message: string): string => `warning: ${safe(message)}\n`

/** Columns as kubectl prints them: upper-case heads, three spaces between, nothing behind the last. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows.map((row) => row.map(safe))]
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map(
      (line) =>
        `${line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 3))).join('')}\n`,
    )
    .join('')
}

/** `Name:   value` lines, as kubectl describe prints them; a list of values goes below each other. */
export function fields(pairs: readonly (readonly [string, string | readonly string[] | undefined])[]): string {
  const shown = pairs.filter((pair): pair is [string, string | readonly string[]] => pair[1] !== undefined && pair[1].length > 0)
  const width = Math.max(...shown.map(([name]) => name.length)) + 4
  return shown
    .map(([name, value]) =>
      [value]
        .flat()
        .map((line, index) => `${(index === 0 ? `${name}:` : '').padEnd(width)}${safe(line)}\n`)
        .join(''),
    )
    .join('')
}
