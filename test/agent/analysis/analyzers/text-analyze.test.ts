import { describe, expect, it } from 'vitest'
import { createAnalyzers } from '../../../../agent/analysis/create-analyzers.ts'
import { entry, lines, NOW, run } from '../run-analyzer.ts'

const files = {
  'logs/ns/pod/x-stdout.txt': 'starting\nERROR disk full\nUsers: 42 Name: bob\nend\n',
  'users.txt': 'starting\nERROR disk full\nUsers: 42 Name: bob\nend\n',
  'logs/a.log': 'all fine\n',
  'logs/b.log': 'ERROR b\n',
  'version.yaml': 'ERROR\n',
}
const cluster = (config: Record<string, unknown>) => run('analyzers', 'textAnalyze', { checkName: 't', ...config }, files)
const verdicts = (config: Record<string, unknown>) => cluster(config).map(({ verdict, message }) => `${verdict} ${message}`)
const failIfMatched = [{ fail: { when: 'true', message: 'one' } }]

// All results are the peer's unless a test says otherwise.
describe('textAnalyze: files', () => {
  it.each([
    { name: 'one result a file, sorted', config: { fileName: 'logs/*.log' }, want: ['none No outcome matched', 'fail one'] },
    { name: 'a folder by the collector', config: { collectorName: 'logs', fileName: 'b.log' }, want: ['fail one'] },
    { name: 'a leading slash', config: { collectorName: '/logs', fileName: '/b.log' }, want: ['fail one'] },
    { name: 'a path with dots', config: { collectorName: 'logs', fileName: './ns/../b.log' }, want: ['fail one'] },
    {
      name: 'output of exec without its folders',
      config: { collectorName: 'logs', fileName: 'x-stdout.txt' },
      want: ['fail one'],
    },
    {
      name: 'output of exec with wildcards',
      config: { collectorName: 'logs', fileName: '*-stdout.txt' },
      want: ['warn No matching files'],
    },
    { name: 'no file', config: { collectorName: 'logs', fileName: 'nope.txt' }, want: ['warn No matching files'] },
    { name: 'no file, in silence', config: { collectorName: 'logs', fileName: 'nope.txt', ignoreIfNoFiles: true }, want: [] },
    {
      name: 'files but some',
      config: { collectorName: 'logs', fileName: '*.log', excludeFiles: ['b.log'] },
      want: ['none No outcome matched'],
    },
    {
      name: 'files but output of exec',
      config: { collectorName: 'logs', fileName: '*/*/*', excludeFiles: ['x-stdout.txt'] },
      want: ['warn No matching files'],
    },
    { name: 'files but all', config: { fileName: 'logs/*', excludeFiles: ['logs/*'] }, want: ['warn No matching files'] },
    {
      name: 'a bad pattern',
      config: { fileName: 'logs/[a' },
      want: [expect.stringContaining('fail Analyzer Failed: "[a" is not a well-formed')],
    },
  ])('finds $name', ({ config, want }) => expect(verdicts({ regex: 'ERROR', outcomes: failIfMatched, ...config })).toEqual(want))

  it('asks for no other file', () => {
    const { analyzers } = createAnalyzers(
      { analyzers: [entry('textAnalyze', { fileName: 'logs/*.log', regex: 'x' })], hostAnalyzers: [] },
      NOW,
    )
    expect(Object.keys(files).filter((path) => analyzers[0]?.wants(path))).toEqual(['logs/a.log', 'logs/b.log'])
  })
})

describe('textAnalyze: regex', () => {
  const of = (file: string, outcomes: unknown[], regex = 'ERR') => verdicts({ fileName: `logs/${file}.log`, regex, outcomes })

  it.each([
    { name: 'fail is for no match', file: 'a', outcomes: [{ fail: { message: 'f' } }], want: 'fail f' },
    { name: 'fail is not for a match', file: 'b', outcomes: [{ fail: { message: 'f' } }], want: 'none No outcome matched' },
    { name: 'warn is for no match', file: 'a', outcomes: [{ warn: { message: 'w' } }], want: 'warn w' },
    { name: 'pass is for a match', file: 'b', outcomes: [{ pass: { message: 'p' } }], want: 'pass p' },
    { name: 'a condition turns it', file: 'a', outcomes: [{ pass: { when: 'F', message: 'p' } }], want: 'pass p' },
    { name: 'a boolean is a condition', file: 'b', outcomes: [{ fail: { when: true, message: 'f' } }], want: 'fail f' },
    {
      name: 'all outcomes count: worst verdict, last message',
      file: 'b',
      outcomes: [
        { fail: { when: 'true', message: 'one' } },
        { warn: { when: 'T', message: 'two' } },
        { pass: { when: '1', message: 'three' } },
      ],
      want: 'fail three',
    },
    {
      name: 'fail before pass in one outcome',
      file: 'b',
      outcomes: [{ pass: { message: 'p' }, fail: { when: 'true', message: 'f' } }],
      want: 'fail f',
    },
    {
      name: 'a condition that is no boolean',
      file: 'b',
      outcomes: [{ fail: { when: 'ERR' } }],
      want: 'fail Analyzer Failed: cannot evaluate "ERR": it must be true or false',
    },
  ])('$name', ({ file, outcomes, want }) => expect(of(file, outcomes)).toEqual([want]))

  it('takes a byte order mark for a character, as Go does', () => {
    const config = { fileName: 'a', regex: '^ERR', outcomes: failIfMatched }
    expect(run('analyzers', 'textAnalyze', config, { a: '\ufeffERR' })[0]?.verdict).toBe('none')
  })

  it('reads the syntax of Go', () => expect(of('b', failIfMatched, '(?i)(?P<W>error)')).toEqual(['fail one']))

  it.each(['(?=x)', 'a(?i)b', '(a'])('fails, visibly, on %s', (regex) => {
    expect(of('b', failIfMatched, regex)).toEqual([
      expect.stringMatching(/^fail Analyzer Failed: the regular expression ".*" is not supported: /),
    ])
  })

  it('needs an expression', () => expect(of('b', failIfMatched, '')).toEqual(['fail Invalid analyzer']))
})

describe('textAnalyze: regexGroups', () => {
  const of = (regexGroups: string, outcomes: unknown[], fileName = 'users.txt') => verdicts({ fileName, regexGroups, outcomes })
  const users = 'Users: (?P<U>\\d+) Name: (?P<N>\\w+)'

  it.each([
    {
      name: 'the first that holds',
      regex: users,
      outcomes: [
        { fail: { when: 'U > 100', message: '{{ .U }}' } },
        { warn: { when: 'N == bob', message: '{{.N}} {{ .U }} {{ .Q }}' } },
      ],
      want: 'warn bob 42 <no value>',
    },
    {
      name: 'numbers',
      regex: users,
      outcomes: [{ fail: { when: 'U < 42' } }, { warn: { when: 'U >= 43' } }, { pass: { when: ' U === 42 ', message: 'c' } }],
      want: 'pass c',
    },
    {
      name: 'a number against a text',
      regex: users,
      outcomes: [{ fail: { when: 'N == 42' } }, { pass: { message: 'c' } }],
      want: 'pass c',
    },
    {
      name: 'the empty text',
      regex: 'Users: (?P<U>z*)',
      outcomes: [{ fail: { when: "U == ''", message: 'a' } }],
      want: 'fail a',
    },
    {
      name: 'a name that stands twice: the last',
      regex: '(?P<A>E)(?P<A>R)',
      outcomes: [{ fail: { when: 'A == R', message: '{{ .A }}' } }],
      want: 'fail R',
    },
    {
      name: 'no match: no group has a value',
      regex: 'nobody (?P<A>x)',
      outcomes: [{ fail: { when: 'A == x' } }, { pass: { message: 'p{{ .A }}' } }],
      want: 'pass p<no value>',
    },
    { name: 'nothing', regex: users, outcomes: [{ fail: { when: 'N == eve' } }], want: 'none No outcome matched' },
    {
      name: 'no words',
      regex: users,
      outcomes: [{ fail: { when: 'U 42' } }],
      want: 'fail Analyzer Failed: cannot evaluate "U 42": it must be like "Group == value"',
    },
    {
      name: 'an order of texts',
      regex: users,
      outcomes: [{ fail: { when: 'N < x' } }],
      want: 'fail Analyzer Failed: cannot evaluate "N < x": texts can only be compared with ==, not "<"',
    },
    { name: 'unequal numbers (ours)', regex: users, outcomes: [{ fail: { when: 'U != 41', message: 'a' } }], want: 'fail a' },
  ])('takes $name', ({ regex, outcomes, want }) => expect(of(regex, outcomes)).toEqual([want]))

  it('leaves a template that it cannot fill as it is, and says so beforehand', () => {
    const config = { fileName: 'logs/b.log', regexGroups: '(?P<A>E)', outcomes: [{ fail: { message: '{{ .A | lowest }}' } }] }
    expect(verdicts(config)).toEqual(['fail {{ .A | lowest }}'])
    expect(
      createAnalyzers({ analyzers: [entry('textAnalyze', config)], hostAnalyzers: [] }, NOW).problems.map(
        ({ message }) => message,
      ),
    ).toEqual([
      'analyzer "textAnalyze": the message "{{ .A | lowest }}" cannot be filled and is shown as it is: there is no function "lowest"',
    ])
  })

  it('gives results of both expressions, the whole one first', () => {
    const config = {
      fileName: 'logs/*.log',
      regex: 'ERR',
      regexGroups: '(?P<E>ERR)?',
      outcomes: [{ pass: { when: '', message: '{{ .E }}' } }],
    }
    expect(cluster(config).map(({ message, iconUri }) => `${message} ${iconUri.replace(/^.*\//, '')}`)).toEqual([
      'No outcome matched text-analyze.svg',
      '{{ .E }} text-analyze.svg',
      ' text-analyze.svg?w=13&h=16',
      'ERR text-analyze.svg?w=13&h=16',
    ])
  })
})

describe('textAnalyze: titles', () => {
  const config = { collectorName: 'logs', fileName: 'b.log', regex: 'ERR', outcomes: failIfMatched }

  it('is named after its collector, on a host by what it does', () => {
    expect(lines(run('analyzers', 'textAnalyze', config, files))).toEqual(['logs | fail | one'])
    expect(lines(run('hostAnalyzers', 'textAnalyze', config, files))).toEqual(['Regular Expression | fail | one'])
  })

  it('is never without a name (ours)', () => {
    expect(lines(run('analyzers', 'textAnalyze', { ...config, collectorName: '', fileName: 'logs/b.log' }, files))).toEqual([
      'textAnalyze | fail | one',
    ])
  })
})
