import { describe, expect, it } from 'vitest'
import { createAnalyzers } from '../../../agent/analysis/create-analyzers.ts'
import { defaultHostSpec } from '../../../agent/specs/default-host-spec.ts'
import { entry, lines, NOW } from './run-analyzer.ts'

const finish = (spec: Parameters<typeof createAnalyzers>[0]) => {
  const { analyzers, problems } = createAnalyzers(spec, NOW)
  return {
    results: lines(analyzers.flatMap((analyzer) => analyzer.finish())),
    problems: problems.map(({ severity, code, message, source, line }) => `${source}:${line} ${severity} ${code} ${message}`),
  }
}

describe('createAnalyzers', () => {
  it('keeps the order of the spec, the cluster before the host', () => {
    const outcomes = [{ pass: {} }]
    const spec = {
      hostAnalyzers: [entry('cpu', { outcomes }), entry('memory', { outcomes })],
      analyzers: [entry('textAnalyze', { checkName: 't' })],
    }
    expect(finish(spec)).toEqual({
      results: [
        't | warn | No matching files',
        'Number of CPUs | warn | Not checked: host-collectors/system/cpu.json was not collected',
        'Amount of Memory | warn | Not checked: host-collectors/system/memory.json was not collected',
      ],
      problems: [],
    })
  })

  it('shows what is unknown, in the result and as a problem', () => {
    const reason = 'there is no analyzer "cpus"; did you mean "cpu"?'
    expect(finish({ analyzers: [], hostAnalyzers: [entry('cpus')] })).toEqual({
      results: [`cpus | fail | Analyzer Failed: ${reason}`],
      problems: [`test:7 warning ANALYZER_CONFIG analyzer "cpus": ${reason}`],
    })
  })

  it('does not take a host analyzer for one of the cluster, nor a name of JavaScript for any', () => {
    const { results } = finish({ analyzers: [entry('cpu'), entry('constructor')], hostAnalyzers: [entry('clusterVersion')] })
    expect(results.map((line) => line.slice(0, line.lastIndexOf('|')))).toEqual([
      'cpu | fail ',
      'constructor | fail ',
      'clusterVersion | fail ',
    ])
  })

  it('warns of what the peer has and this version has not', () => {
    expect(
      finish({
        analyzers: [entry('longhorn', { checkName: 'api', namespace: 'api' })],
        hostAnalyzers: [],
      }),
    ).toEqual({
      results: ['api | warn | not supported by this version'],
      problems: ['test:7 warning ANALYZER_UNSUPPORTED analyzer "longhorn": not supported by this version'],
    })
  })

  it('makes nothing of excluded entries', () => {
    const excluded = { ...entry('cpu'), isExcluded: true }
    expect(finish({ analyzers: [excluded], hostAnalyzers: [excluded] })).toEqual({ results: [], problems: [] })
  })

  it('fails a cluster analyzer whose exclude cannot be read, and runs a host one, as the peer does', () => {
    const config = { exclude: 'maybe', outcomes: [] }
    const { results } = finish({ analyzers: [entry('clusterVersion', config)], hostAnalyzers: [entry('cpu', config)] })
    expect(results).toEqual([
      'clusterVersion | fail | Analyzer Failed: exclude is "maybe", neither true nor false',
      'Number of CPUs | warn | Not checked: host-collectors/system/cpu.json was not collected',
    ])
  })

  it('has nothing to say against the default host spec', () =>
    expect(createAnalyzers(defaultHostSpec(), NOW).problems).toEqual([]))
})
