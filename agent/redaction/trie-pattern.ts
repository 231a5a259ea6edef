interface Node {
  children: Map<string, string[]>
  isEnd: boolean
}

/**
 * The source of a pattern that matches the longest of the given texts. Common beginnings stand in it once, so that with
 * thousands of texts each place of a line is still tried in a few steps.
 */
export function triePattern(texts: readonly string[]): string {
  return alternatives([...new Set(texts)])
}

function alternatives(texts: readonly string[]): string {
  const [only] = texts
  if (texts.length === 1 && only !== undefined) return escapedForRegExp(only)
  const { children, isEnd } = split(texts)
  const branches = [...children].map(([start, rests]) => escapedForRegExp(start) + alternatives(rests))
  const group = branches.length === 1 && !isEnd ? branches.join('') : `(?:${branches.join('|')})`
  return isEnd ? `${group}?` : group
}

/** By the first character, and by all that those with one first character have in common. */
function split(texts: readonly string[]): Node {
  const groups = new Map<string, string[]>()
  for (const text of texts) {
    if (text === '') continue
    const group = groups.get(text.charAt(0))
    if (group) group.push(text)
    else groups.set(text.charAt(0), [text])
  }
  const children = new Map<string, string[]>()
  for (const group of groups.values()) {
    const start = commonStart(group)
    children.set(
      start,
      group.map((text) => text.slice(start.length)),
    )
  }
  return { children, isEnd: texts.includes('') }
}

function commonStart(texts: readonly string[]): string {
  const [first = ''] = texts
  let length = first.length
  for (const text of texts) while (!text.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}

const escapedForRegExp = (text: string) => text.replaceAll(/[$()*+./?[\\\]^{|}-]/g, String.raw`\$&`)
