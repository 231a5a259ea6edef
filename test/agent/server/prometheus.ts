export interface Family {
  type: string
  help: string
  /** by labels, `{job="a"}` or nothing */
  samples: Map<string, number>
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** A strict reader of the text format of Prometheus, version 0.0.4: throws for whatever a server may refuse. */
export function parseMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, Family>()
  let current: { name: string; family: Family } | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (keyword === 'HELP') {
      if (families.has(name)) throw new Error(`${name} is described twice`)
      if (!NAME.test(name) || !rest || /\\(?![\\n])/.test(rest)) throw new Error(`a bad line: ${line}`)
      current = { name, family: { type: '', help: rest, samples: new Map() } }
      families.set(name, current.family)
    } else if (keyword === 'TYPE') {
      if (current?.name !== name || current.family.type) throw new Error(`a type in the wrong place: ${line}`)
      if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) throw new Error(`an unknown type: ${line}`)
      current.family.type = rest
    } else {
      if (!current?.family.type) throw new Error(`a sample without its type: ${line}`)
      addSample(current.name, current.family, line)
    }
  }
  for (const [name, { type }] of families)
    if (type === 'counter' && !name.endsWith('_total')) throw new Error(`counter ${name} is not a total`)
  return families
}

function addSample(name: string, family: Family, line: string): void {
  const [, found, labels = '', value = ''] = /^([^{\s]+)((?:\{.*\})?) (\S+)$/.exec(line) ?? []
  if (found !== name) throw new Error(`a sample of another metric: ${line}`)
  if (!/^(NaN|[+-]?(Inf|\d+(\.\d+)?(e[+-]?\d+)?))$/i.test(value)) throw new Error(`a bad value: ${line}`)
  checkLabels(labels, line)
  if (family.samples.has(labels)) throw new Error(`twice the same sample: ${line}`)
  family.samples.set(labels, Number(value))
}

function checkLabels(labels: string, line: string): void {
  if (labels === '') return
  const pairs = /^\{((?:[^=,{}\s]+="(?:[^"\\]|\\[\\"n])*",?)+)\}$/.exec(labels)?.[1]
  if (!pairs) throw new Error(`bad labels: ${line}`)
  const names = [...pairs.matchAll(/([^=,]+)="(?:[^"\\]|\\[\\"n])*"/g)].map((match) => match[1] ?? '')
  if (!names.every((name) => LABEL_NAME.test(name)) || new Set(names).size !== names.length)
    throw new Error(`bad label names: ${line}`)
}
