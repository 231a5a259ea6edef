import { describe, expect, it } from 'vitest'
import { lines, run } from './run-analyzer.ts'

const PATH = 'host-collectors/system/cpu.json'
const cpu = (content: unknown, outcomes: unknown[] = [{ pass: { message: 'fine' } }]) =>
  lines(run('hostAnalyzers', 'cpu', { outcomes }, { [PATH]: content }))

describe('jsonFileAnalyzer', () => {
  it('judges the file', () => expect(cpu({ logicalCount: 2 })).toEqual(['Number of CPUs | pass | fine']))

  it.each([
    {
      name: 'no JSON',
      content: '{"logicalCount":',
      want: /^Number of CPUs \| fail \| Analyzer Failed: host-collectors\/system\/cpu.json is not JSON: /,
    },
    {
      name: 'a number that was redacted',
      content: { logicalCount: '***HIDDEN***' },
      want: /another shape than expected: logicalCount: /,
    },
    { name: 'a list', content: [], want: /another shape than expected/ },
    { name: 'an empty file', content: '', want: /is not JSON/ },
  ])('fails on $name', ({ content, want }) => expect(cpu(content)).toEqual([expect.stringMatching(want)]))

  it('says which condition it could not evaluate', () => {
    expect(cpu({ logicalCount: 2 }, [{ fail: { when: 'cores > 1' } }])).toEqual([
      'Number of CPUs | fail | Analyzer Failed: cannot evaluate "cores > 1": "cores" is unknown; use count, logical, physical or machineArch',
    ])
  })

  it('does not evaluate conditions after the one that holds', () => {
    expect(cpu({ logicalCount: 2 }, [{ warn: { when: 'count == 2', message: 'two' } }, { fail: { when: 'nonsense' } }])).toEqual([
      'Number of CPUs | warn | two',
    ])
  })

  it('says so when no outcome matched', () =>
    expect(cpu({ logicalCount: 2 }, [{ fail: { when: 'count > 2' } }])).toEqual(['Number of CPUs | none | No outcome matched']))

  it('warns when nothing was collected', () => {
    const results = run('hostAnalyzers', 'cpu', { outcomes: [{ fail: {} }] }, { 'system/cpu.json': {}, [`${PATH}.bak`]: {} })
    expect(lines(results)).toEqual([`Number of CPUs | warn | Not checked: ${PATH} was not collected`])
  })

  it('reads strict', () => {
    const [result] = run('hostAnalyzers', 'cpu', { strict: 'true', outcomes: [{ pass: { uri: 'u' } }] }, { [PATH]: {} })
    expect(result).toMatchObject({ isStrict: true, uri: 'u', iconKey: '', iconUri: '' })
  })
})
