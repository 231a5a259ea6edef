import { hint } from '../../core/suggest.ts'
import { emptyLists, isRecord, LISTS } from './document.ts'
import type { Locate, Position, SpecDocument, SpecProblem } from './document.ts'
import { readEntries } from './entries.ts'
import { API_VERSION, KINDS, READABLE_VERSIONS, TOP_KEYS } from './kinds.ts'
import type { Kind } from './kinds.ts'
import { readRedactors } from './redactors.ts'
import { plainValues } from './values.ts'

export interface Interpreted {
  documents: SpecDocument[]
  problems: SpecProblem[]
}

type Report = (severity: 'error' | 'warning', code: string, message: string, position?: Position) => void

const REDACTORS_REFUSED =
  'redactors are read only from a document of kind Redactor; here they would remove nothing, and the bundle would hold what they are meant to remove'

/** Makes a document of a parsed value, or says why not. `at` gives positions in the text that it came from, if any. */
export function interpretDocument(value: unknown, at: Locate, source: string): Interpreted {
  const problems: SpecProblem[] = []
  const report: Report = (severity, code, message, position = {}) =>
    problems.push({ code, severity, message, source, ...position })

  if (!isRecord(value)) {
    report('error', 'SPEC_DOCUMENT', 'a document must be an object with apiVersion, kind and spec', at([]))
    return { documents: [], problems }
  }
  const kind = readableKind(value, at, report)
  if (!kind) return { documents: [], problems }
  checkTopKeys(value, at, report)

  const { line } = at([])
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {}
  const document: SpecDocument = {
    kind: String(value['kind']),
    name: typeof metadata['name'] === 'string' ? metadata['name'] : '',
    value,
    source,
    redactors: [],
    ...(line === undefined ? {} : { line }),
    ...emptyLists(),
  }
  const spec = value['apiVersion'] === 'troubleshoot.sh/v1beta3' ? plainValues(value['spec']) : value['spec']
  if (!kind.isUnused || spec !== undefined) readSpec(spec, kind, document, at, report, problems)
  return { documents: kind.isUnused ? [] : [document], problems }
}

/** The kind's fields; undefined, with a report, for a document that is not read. */
function readableKind(value: Record<string, unknown>, at: Locate, report: Report): Kind | undefined {
  const { apiVersion, kind } = value
  const name = typeof kind === 'string' ? kind : ''
  const found = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  if (typeof apiVersion !== 'string' || !READABLE_VERSIONS.includes(apiVersion))
    return reportVersion(apiVersion, name, at, report)
  if (!found)
    report('error', 'SPEC_KIND', `kind ${JSON.stringify(kind ?? null)} is unknown${hint(name, Object.keys(KINDS))}`, at(['kind']))
  else if (found.isUnused)
    report('warning', 'SPEC_KIND_UNUSED', `a ${name} document has no part in a support bundle and is not used`, at(['kind']))
  return found
}

function reportVersion(apiVersion: unknown, kind: string, at: Locate, report: Report): undefined {
  const position = at(['apiVersion'])
  if (typeof apiVersion === 'string' && apiVersion.startsWith('troubleshoot.'))
    report(
      'error',
      'SPEC_NOT_SUPPORTED',
      `apiVersion ${apiVersion} is not supported by this version; write it for ${API_VERSION}`,
      position,
    )
  else if (typeof apiVersion !== 'string' || Object.hasOwn(KINDS, kind))
    report('error', 'SPEC_API_VERSION', `apiVersion must be ${API_VERSION}, not ${JSON.stringify(apiVersion ?? null)}`, position)
  else
    report(
      'warning',
      'SPEC_SKIPPED',
      `${apiVersion} ${kind || 'document'} is not a troubleshoot document and is skipped`,
      position,
    )
}

const fieldsOf = ({ lists, unused, fields }: Kind): string[] => [...Object.keys({ ...lists, ...unused }), ...fields]

function checkTopKeys(value: Record<string, unknown>, at: Locate, report: Report): void {
  const specKeys = new Set(Object.values(KINDS).flatMap((kind) => fieldsOf(kind)))
  const ofKind = KINDS[String(value['kind'])]
  for (const key of Object.keys(value)) {
    if (TOP_KEYS.includes(key) || key.startsWith('x-')) continue
    const position = at([key], 'key')
    if (namesRedactors(key, value[key])) report('error', 'SPEC_REDACTORS', REDACTORS_REFUSED, position)
    else if (specKeys.has(key)) {
      const home = ofKind && fieldsOf(ofKind).includes(key) ? '' : ` of ${kindsWith(key)}`
      report('warning', 'SPEC_KEY_MISPLACED', `"${key}" is not used here; it belongs under "spec"${home}`, position)
    } else
      report('warning', 'SPEC_KEY_UNKNOWN', `"${key}" is unknown and not used${hint(key, [...TOP_KEYS, ...specKeys])}`, position)
  }
}

/** `SupportBundle or Analyzer`: the kinds that have a field. */
const kindsWith = (field: string): string =>
  Object.entries(KINDS)
    .filter(([, kind]) => !kind.isUnused && fieldsOf(kind).includes(field))
    .map(([name]) => name)
    .join(' or ')

function readSpec(spec: unknown, kind: Kind, document: SpecDocument, at: Locate, report: Report, problems: SpecProblem[]): void {
  if (spec === undefined || spec === null)
    return report('warning', 'SPEC_EMPTY', `this ${document.kind} has no spec`, at(['kind'], 'key'))
  if (!isRecord(spec)) return report('error', 'SPEC_DOCUMENT', 'spec must be an object', at(['spec']))
  const { uri, redactors } = spec
  if (document.kind === 'SupportBundle' && typeof uri === 'string' && uri !== '') document.uri = uri
  if (document.kind === 'Redactor') {
    const read = readRedactors(redactors, at, document.source)
    document.redactors = read.redactors
    problems.push(...read.problems)
  }
  for (const [key, value] of Object.entries(spec)) {
    const position = at(['spec', key], 'key')
    const list = Object.hasOwn(kind.lists, key) ? kind.lists[key] : undefined
    if (list) {
      const read = readEntries(value, ['spec', key], at, document.source)
      document[list].push(...read.entries)
      problems.push(...read.problems)
    } else if (kind.fields.includes(key)) continue
    else if (namesRedactors(key, value)) report('error', 'SPEC_REDACTORS', REDACTORS_REFUSED, position)
    else if (Object.hasOwn(kind.unused, key)) {
      if (!isBlank(value))
        report('warning', unusedCode(key), `"spec.${key}" is not used by this version: ${kind.unused[key]}`, position)
    } else {
      const { kind: name } = document
      const advice = TOP_KEYS.includes(key) ? '; it belongs beside "spec"' : hint(key, fieldsOf(kind))
      report('warning', 'SPEC_KEY_UNKNOWN', `"spec.${key}" is not a field of ${name} and not used${advice}`, position)
    }
  }
}

/** Lists belong into another kind of document; the rest is what this version cannot do. */
const unusedCode = (key: string) => (isListName(key) ? 'SPEC_KEY_MISPLACED' : 'SPEC_KEY_UNUSED')
const isListName = (key: string) => LISTS.some((list) => list === key)

/** Misspelt or misplaced, whoever writes it wants something removed from the bundle. */
function namesRedactors(key: string, value: unknown): boolean {
  return /redact/i.test(key) && !isBlank(value)
}

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || value === false || value === '' || (Array.isArray(value) && value.length === 0)
}
