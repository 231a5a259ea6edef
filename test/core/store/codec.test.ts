import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { API_VERSION, KINDS, LABEL_KIND } from '../../../core/names.ts'
import { decode, encode } from '../../../core/store/codec.ts'

const meta = { uid: 'u', createdAt: new Date('2026-01-02T03:04:05.678Z'), isSealed: false }
const good = encode({ kind: 'job', namespace: 'n', name: 'a' }, { text: 'x' }, meta)

describe('codec', () => {
  it('gives back what it was given', () => {
    const words = fc.dictionary(fc.stringMatching(/^[a-z./-]{1,10}$/), fc.string())
    const document = fc.record(
      {
        text: fc.string({ maxLength: 500 }),
        labels: words,
        annotations: words,
        owner: fc.record({ name: fc.string(), uid: fc.string() }),
      },
      { requiredKeys: ['text'] },
    )
    const property = fc.property(
      fc.constantFrom(...KINDS),
      document,
      fc.date({ noInvalidDate: true }),
      fc.boolean(),
      (kind, document, at, isSealed) => {
        const createdAt = new Date(Math.min(Math.max(at.getTime(), 0), 4e12))
        const config = encode({ kind, namespace: 'n', name: 'a' }, document, { uid: 'u', createdAt, isSealed })
        const stored = decode(JSON.parse(JSON.stringify(config)), 'v')
        expect(stored).toEqual({
          kind,
          namespace: 'n',
          name: 'a',
          uid: 'u',
          version: 'v',
          createdAt,
          isSealed,
          annotations: {},
          ...document,
          labels: { ...document.labels, [LABEL_KIND]: kind },
        })
      },
    )
    fc.assert(property, { numRuns: 200 })
  })

  it('names the Job as the owner, without blocking its removal', () => {
    const config = encode({ kind: 'run', namespace: 'n', name: 'a.1' }, { text: '', owner: { name: 'a', uid: 'u1' } }, meta)
    expect(config.metadata.ownerReferences).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u1' }])
  })

  it('finds the Job among owners that other tools have set', () => {
    const other = { apiVersion: API_VERSION, kind: 'Application', name: 'x', uid: 'u2' }
    const job = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u1' }
    const withOwners = (...ownerReferences: object[]) =>
      decode({ ...good, metadata: { ...good.metadata, ownerReferences } }, 'v').owner
    expect(withOwners()).toBeUndefined()
    expect(withOwners(other)).toBeUndefined()
    expect(withOwners(other, job)).toEqual({ name: 'a', uid: 'u1' })
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /the document is not an object/],
    ['a list', [], /the document is not an object/],
    ['no metadata', { ...good, metadata: undefined }, /metadata is not an object/],
    ['no kind', { ...good, metadata: { ...good.metadata, labels: {} } }, /names no known kind/],
    ['an unknown kind', { ...good, metadata: { ...good.metadata, labels: { [LABEL_KIND]: 'x' } } }, /names no known kind/],
    ['labels of numbers', { ...good, metadata: { ...good.metadata, labels: { x: 1 } } }, /metadata\.labels\.x is not a string/],
    ['no time', { ...good, metadata: { ...good.metadata, creationTimestamp: 'soon' } }, /not a time/],
    ['no uid', { ...good, metadata: { ...good.metadata, uid: undefined } }, /metadata\.uid/],
    ['no data', { ...good, data: undefined }, /job\.yaml/],
    ['other data', { ...good, data: { 'run.json': '' } }, /job\.yaml/],
  ])('says what is wrong with %s', (_, value, reason) => {
    expect(() => decode(value, 'v')).toThrow(reason)
  })
})
