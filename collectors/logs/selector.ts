type Labels = Record<string, string>
type Requirement = (labels: Labels) => boolean

/**
 * Tells whether labels fit a selector, as the API server does it: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`,
 * `!a`, all of which must hold. One that is not understood fits nothing: the server will have refused it.
 */
export function fits(selector: readonly string[], labels: Labels): boolean {
  return requirements(selector.join(',')).every((holds) => holds(labels))
}

function requirements(text: string): Requirement[] {
  const parts = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return parts.map(requirement)
}

const SET = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/
const EQUAL = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/
const EXISTS = /^(!?)\s*([^\s=!,()]+)$/

function requirement(text: string): Requirement {
  const [, key = '', how, list = ''] = SET.exec(text) ?? []
  if (how !== undefined) {
    const values = list.split(',').map((value) => value.trim())
    const isAmong = (labels: Labels) => Object.hasOwn(labels, key) && values.includes(labels[key] ?? '')
    return how === 'in' ? isAmong : (labels) => !isAmong(labels)
  }
  const [, name = '', sign, value] = EQUAL.exec(text) ?? []
  if (sign !== undefined) {
    const isEqual = (labels: Labels) => Object.hasOwn(labels, name) && labels[name] === value
    return sign === '!=' ? (labels) => !isEqual(labels) : isEqual
  }
  const [, not, label = ''] = EXISTS.exec(text) ?? []
  if (not === undefined) return () => false
  return (labels) => Object.hasOwn(labels, label) === (not === '')
}
