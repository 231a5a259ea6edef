import { SPEC_KEYS } from '../../core/troubleshoot.ts'
import { isRecord } from './document.ts'
import type { Locate, SpecProblem } from './document.ts'

/** A text of troubleshoot documents that travels in a Secret or ConfigMap. */
export interface Enclosed {
  text: string
  /** the key that it stands under, like `ConfigMap vendor, key support-bundle-spec` */
  name: string
  /** where the text stands in the envelope's own text */
  path: readonly string[]
}

const FIELDS: Readonly<Record<string, readonly string[]>> = { Secret: ['data', 'stringData'], ConfigMap: ['data'] }

export const isEnvelope = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && value['apiVersion'] === 'v1' && Object.hasOwn(FIELDS, String(value['kind']))

/** The texts in a Secret or ConfigMap document. One that carries none is skipped, with a warning. */
export function openEnvelope(
  value: Record<string, unknown>,
  at: Locate,
  source: string,
): { enclosed: Enclosed[]; problems: SpecProblem[] } {
  const kind = String(value['kind'])
  const { name } = isRecord(value['metadata']) ? value['metadata'] : {}
  const enclosed: Enclosed[] = []
  const problems: SpecProblem[] = []
  for (const field of FIELDS[kind] ?? []) {
    const data = isRecord(value[field]) ? value[field] : {}
    for (const key of Object.keys(data).filter((one) => SPEC_KEYS.includes(one))) {
      const raw = data[key]
      const path = [field, key]
      if (typeof raw === 'string') {
        const text = kind === 'Secret' && field === 'data' ? Buffer.from(raw, 'base64').toString() : raw
        const title = [kind, ...(typeof name === 'string' ? [name] : [])].join(' ')
        enclosed.push({ text, name: `${title}, key ${key}`, path })
      } else {
        const message = `${path.join('.')} must be a text of troubleshoot documents`
        problems.push({ code: 'SPEC_DOCUMENT', severity: 'error', message, source, ...at(path) })
      }
    }
  }
  if (enclosed.length + problems.length === 0) {
    const message = `this ${kind} carries no troubleshoot document and is skipped; it would stand under ${SPEC_KEYS.join(', ')}`
    problems.push({ code: 'SPEC_SKIPPED', severity: 'warning', message, source, ...at(['kind']) })
  }
  return { enclosed, problems }
}

/**
 * Positions inside an enclosed text as positions in the text around it: exact where it stands as a block (`key: |`),
 * undefined where it is quoted or encoded.
 */
export function shiftInto(outer: string, at: Locate, path: readonly string[]): ((inner: Locate) => Locate) | undefined {
  const { line, column } = at(path)
  if (line === undefined || column === undefined) return undefined
  const lines = outer.split('\n')
  if (lines[line - 1]?.[column - 1] !== '|') return undefined
  const first = lines.slice(line).find((one) => one.trim() !== '') ?? ''
  const indent = first.length - first.trimStart().length
  return (inner) => (where, part) => {
    const found = inner(where, part)
    return found.line === undefined ? found : { line: found.line + line, column: (found.column ?? 1) + indent }
  }
}
