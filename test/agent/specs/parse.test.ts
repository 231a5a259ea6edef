import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { problemText } from '../../../agent/specs/document.ts'
import { MAX_SPEC_BYTES, parseDocuments } from '../../../agent/specs/parse.ts'
import { bundle, problemsOf } from './spec-text.ts'

describe('parseDocuments', () => {
  it('reads several documents, whatever stands around the separators', () => {
    const text = ['', bundle('collectors: [{cpu: {}}]'), '# nothing', bundle('collectors: [{memory: {}}]')].join(
      '\n---   # next\n',
    )
    const { documents, problems } = parseDocuments(text, 'test')
    expect(documents.map(({ collectors }) => collectors.map(({ key }) => key))).toEqual([['cpu'], ['memory']])
    expect(problems).toEqual([])
  })

  it('does not split inside a block of text', () => {
    const { documents } = parseDocuments(
      bundle('collectors:', '- data:', '    data: |', '      a', '      ---', '      b'),
      'test',
    )
    expect(documents[0]?.collectors[0]?.config).toEqual({ data: 'a\n---\nb\n' })
  })

  it('reads JSON', () => {
    const text = JSON.stringify({
      apiVersion: 'troubleshoot.sh/v1beta2',
      kind: 'Collector',
      spec: { collectors: [{ cpu: { a: 'é' } }] },
    })
    expect(parseDocuments(text, 'test').documents[0]?.collectors[0]?.config).toEqual({ a: 'é' })
  })

  it.each(['', '\n', '# only a comment\n', '---\n---\n', 'null\n'])('reads nothing of %j', (text) =>
    expect(parseDocuments(text, 'test')).toEqual({ documents: [], problems: [] }),
  )

  it('refuses a long text before it is parsed, and counts bytes', () => {
    const text = 'é'.repeat(MAX_SPEC_BYTES / 2 + 1)
    expect(parseDocuments(text, 'big.yaml')).toEqual({
      documents: [],
      problems: [
        {
          code: 'SPEC_TOO_LARGE',
          severity: 'error',
          source: 'big.yaml',
          message: expect.stringContaining('1048578 bytes') as string,
        },
      ],
    })
  })

  it('parses the longest text that is allowed', () => {
    expect(parseDocuments(`#${' '.repeat(MAX_SPEC_BYTES - 1)}`, 'test')).toEqual({ documents: [], problems: [] })
  })

  it('keeps at most 100 problems of each severity', () => {
    const many = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, index) => line(index))
    const text = bundle(...many(150, (index) => `field${index}: 1`), 'collectors:', ...many(150, () => '- 1'))
    const found = parseDocuments(text, 'test').problems
    expect(found.filter(({ severity }) => severity === 'warning')).toHaveLength(100)
    expect(found.filter(({ severity }) => severity === 'error')).toHaveLength(100)
  })

  it('prints problems as compilers do', () => {
    const [problem] = parseDocuments(bundle('oops: 1'), 'a.yaml').problems
    expect(problem && problemText(problem)).toBe('a.yaml:4:3: "spec.oops" is not a field of SupportBundle and not used')
    expect(problemText({ code: 'X', severity: 'error', message: 'm', source: 's' })).toBe('s: m')
  })

  it('never throws, whatever the text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('&a ', '*a', '<<: ', '- ', '{', '}', '[', ']', ': ', '\n', '---\n', '!!map ', '? ', '|\n'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { documents, problems } = parseDocuments(pieces.join(''), 'test')
        return documents.length === 0 && problems.every(({ message }) => message.length > 0)
      }),
      { numRuns: 300 },
    )
  })
})

describe('parseDocuments: what is not YAML', () => {
  it('says where, and reads the other documents', () => {
    const text = `${bundle('collectors:', '- cpu: {')}---\n${bundle('collectors: [{memory: {}}]')}`
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^error SPEC_YAML 6:1 Flow map/)])
    expect(parseDocuments(text, 'test').documents.map(({ collectors }) => collectors[0]?.key)).toEqual(['memory'])
  })

  it('refuses a key that stands twice', () => {
    expect(problemsOf(bundle('collectors: []', 'collectors: []'))).toEqual([
      'error SPEC_YAML 5:3 the key "collectors" stands here twice',
    ])
  })

  it('warns of unknown tags and reads on', () => {
    const text = bundle('collectors: [{cpu: !secret {}}]')
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^warning SPEC_YAML 4:22 .*!secret/)])
    expect(parseDocuments(text, 'test').documents).toHaveLength(1)
  })
})
