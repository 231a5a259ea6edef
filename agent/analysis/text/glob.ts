/** One step of a segment: a literal or a set takes one character, a star takes any number. */
type Step = { star: true } | { star: false; takes: (character: string) => boolean }

/**
 * Compiles a pattern of Go's filepath.Match for paths with `/`: `*` and `?` stay within one part of a path, `[a-z]` and
 * `[^a-z]` are sets, `\` takes the next character literally. Throws for a pattern that is not well-formed.
 */
export function compileGlob(pattern: string): (path: string) => boolean {
  const segments = pattern.split('/').map(compileSegment)
  return (path) => {
    const parts = path.split('/')
    return parts.length === segments.length && parts.every((part, index) => matches(segments[index] ?? [], Array.from(part)))
  }
}

export const hasWildcard = (path: string): boolean => /[*?[]/.test(path)

function compileSegment(segment: string): Step[] {
  const characters = Array.from(segment)
  const steps: Step[] = []
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? ''
    if (character === '*') steps.push({ star: true })
    else if (character === '?') steps.push({ star: false, takes: () => true })
    else if (character === '[') {
      const set = compileSet(characters, at + 1)
      steps.push({ star: false, takes: set.takes })
      at = set.end
    } else {
      const literal = character === '\\' ? characters[++at] : character
      if (literal === undefined) throw badPattern(segment)
      steps.push({ star: false, takes: (candidate) => candidate === literal })
    }
  }
  return steps
}

/** Reads a set from after its `[`; `end` is the index of its `]`. */
function compileSet(characters: string[], start: number): { takes: (character: string) => boolean; end: number } {
  const segment = characters.join('')
  let at = start
  const isNegated = characters[at] === '^'
  if (isNegated) at++
  const one = (): number => {
    if (characters[at] === '\\') at++
    const character = characters[at++]
    if (character === undefined) throw badPattern(segment)
    return character.codePointAt(0) ?? 0
  }
  const ranges: [number, number][] = []
  while (characters[at] !== ']' || ranges.length === 0) {
    if (characters[at] === '-' || characters[at] === ']') throw badPattern(segment)
    const low = one()
    if (characters[at] !== '-') ranges.push([low, low])
    else {
      at++
      if (characters[at] === '-' || characters[at] === ']') throw badPattern(segment)
      ranges.push([low, one()])
    }
  }
  const takes = (character: string): boolean => {
    const code = character.codePointAt(0) ?? 0
    return ranges.some(([low, high]) => low <= code && code <= high) !== isNegated
  }
  return { takes, end: at }
}

/** Greedy with one step back to the last star, so that no pattern takes longer than its length times the text's. */
function matches(steps: Step[], text: string[]): boolean {
  let step = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    const current = steps[step]
    if (current?.star) [star, starAt, step] = [step, at, step + 1]
    else if (current?.takes(text[at] ?? '')) [step, at] = [step + 1, at + 1]
    else if (star >= 0) [step, at, starAt] = [star + 1, starAt + 1, starAt + 1]
    else return false
  }
  return steps.slice(step).every((rest) => rest.star)
}

const badPattern = (segment: string): Error => new Error(`"${segment}" is not a well-formed file pattern`)
