import fc from 'fast-check'
import { API_VERSION, DATA_KEY, type Kind, LABEL_KIND } from '../../core/names.ts'

/** A ConfigMap that somebody made by mistake or on purpose. */
export interface HostileObject {
  body: {
    metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> }
    [key: string]: unknown
  }
  /** what an agent is to make of it: a job that is invalid and says so, one that may run, or nothing */
  becomes: 'invalid' | 'valid' | 'nothing'
}

const ESCAPE = '\u001b[31;1mred\u001b]0;title\u0007\u009b2J\u202e'
const job = (more: object) => JSON.stringify({ apiVersion: API_VERSION, schedule: '0 0 29 2 *', ...more })
const wrong = [
  { schedule: 7 },
  { schedule: [] },
  { schedule: {} },
  { schedule: null },
  { schedule: '* * * * * *' },
  { schedule: '0 0 31 2 *' },
  { schedule: '2030-01-01T00:00:00' },
  { schedule: `@daily${ESCAPE}` },
  { schedule: Array(30).fill('@daily') },
  { timeZone: 'Mars/Olympus' },
  { timeZone: '' },
  { timeZone: ESCAPE },
  { enabled: 'yes' },
  { startingDeadline: '-5m' },
  { timeout: '99999999999d' },
  { catchUp: 'all' },
  { collect: [] },
  { collect: { specs: 'all' } },
  { collect: { namespaces: ['../..'] } },
  { upload: [{}] },
  { upload: { uploader: 's3' } },
  { retention: { keepLast: 1e9 } },
  { limits: { memory: '0' } },
  { limits: { surprise: 1 } },
  { redact: { off: true } },
  { apiVersion: 'support-bundle-schedule.io/v2' },
  { description: 'x'.repeat(5_000) },
  { description: { toString: 1 } },
]
const ALIAS_BOMB = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`).join('\n')}\n`

/** Texts that are no job. */
const badText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 400 }).map((text) => `- ${text}`),
  fc.json().map((text) => `[${text}]`),
  fc.constantFrom(...wrong).map(job),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\ufeff',
    ALIAS_BOMB,
    '--- 1\n--- 2\n',
    '!!js/function x',
    '? [a]\n: b',
    '<<: {a: 1}',
    '"',
    '\t\t:',
    '%YAML 9.9\n',
  ),
  fc.constantFrom(
    '{"__proto__": {"apiVersion": 1}}',
    '{"constructor": {"prototype": {"enabled": true}}}',
    '{"toString": null, "hasOwnProperty": 1}',
  ),
  fc.constant(`${ESCAPE}: ${ESCAPE}\n`),
  fc.constant(`x: |\n${'  line\n'.repeat(10_000)}`),
  fc.constant(Array.from({ length: 3_000 }, (_, line) => `k${line}: [${line}, {a: b}]`).join('\n')),
  fc.integer({ min: 100, max: 30_000 }).map((depth) => '['.repeat(depth)),
  fc.integer({ min: 100, max: 6_000 }).map((depth) => `a: ${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`),
)
const hugeText = fc.integer({ min: 70_000, max: 900_000 }).map((length) => job({ description: 'x'.repeat(length) }))
/** Jobs all the same, with things in them that must not reach a terminal or a prototype. */
const validText = fc
  .constantFrom({ description: ESCAPE }, { ['__proto__x']: 1 }, { description: '\n\n', unknown: { deep: [ESCAPE] } })
  .map(job)

const dressed = fc.record(
  { immutable: fc.constant(true), binaryData: fc.constant({ 'job.bin': Buffer.from(ESCAPE).toString('base64') }) },
  { requiredKeys: [] },
)
const annotations = fc.oneof(
  { weight: 20, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.constant({ 'support-bundle-schedule.io/paused': ESCAPE }) },
  { weight: 1, arbitrary: fc.constant({ 'kubectl.kubernetes.io/last-applied-configuration': 'y'.repeat(200_000) }) },
)
type Shape = (name: string) => HostileObject

const jobShape = (texts: fc.Arbitrary<string>, becomes: HostileObject['becomes']) =>
  fc.tuple(texts, dressed, annotations).map(([text, rest, notes]): Shape => (name) => ({
    body: { metadata: { name, labels: { [LABEL_KIND]: 'job' }, annotations: notes }, data: { 'job.yaml': text }, ...rest },
    becomes,
  }))
const withoutText = fc
  .constantFrom({}, { data: {} }, { data: { 'other.yaml': 'x' } }, { binaryData: { 'job.yaml': 'AAEC' } })
  .map((rest): Shape => (name) => ({
    body: { metadata: { name, labels: { [LABEL_KIND]: 'job' } }, ...rest },
    becomes: 'invalid',
  }))
const oddlyNamed = fc
  .tuple(fc.constantFrom('.x', '.1.2', '.status', '.ledger.202611', '.29000000', `-${'x'.repeat(60)}`), badText)
  .map(([end, text]): Shape => (name) => ({
    body: { metadata: { name: `${name}${end}`, labels: { [LABEL_KIND]: 'job' } }, data: { 'job.yaml': text } },
    becomes: 'nothing',
  }))
const RECORDS: Record<Exclude<Kind, 'job' | 'template'>, string> = {
  run: '.29000000',
  ledger: '.ledger.202611',
  status: '.status',
  request: '.request.abc',
}
const record = fc
  .tuple(
    fc.constantFrom(...(Object.keys(RECORDS) as (keyof typeof RECORDS)[])),
    fc.oneof(badText, fc.constantFrom('{"schema":2}', '{"schema":1}', '{"schema":1,"phase":"claimed"}', 'null', '"x"')),
    dressed,
  )
  .map(([kind, text, rest]): Shape => (name) => ({
    body: {
      metadata: { name: `${name}${RECORDS[kind]}`, labels: { [LABEL_KIND]: kind } },
      data: { [DATA_KEY[kind]]: text },
      ...rest,
    },
    becomes: 'nothing',
  }))
const unknownKind = fc.constantFrom('', 'jobs', 'Job', 'constructor', 'x__proto__x').map((kind): Shape => (name) => ({
  body: { metadata: { name, labels: { [LABEL_KIND]: kind } }, data: {} },
  becomes: 'nothing',
}))

/** One thing after another that no agent should stumble over. */
export const hostileShape: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 60, arbitrary: jobShape(badText, 'invalid') },
  { weight: 2, arbitrary: jobShape(hugeText, 'invalid') },
  { weight: 5, arbitrary: jobShape(validText, 'valid') },
  { weight: 8, arbitrary: withoutText },
  { weight: 8, arbitrary: oddlyNamed },
  { weight: 14, arbitrary: record },
  { weight: 3, arbitrary: unknownKind },
)
