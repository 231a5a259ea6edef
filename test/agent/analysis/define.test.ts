import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Analyzer } from '../../../agent/analysis/analyzer.ts'
import { COMMON, defineAnalyzer } from '../../../agent/analysis/define.ts'
import { NOW } from './run-analyzer.ts'

const kind = (start: () => Partial<Analyzer>) =>
  defineAnalyzer({
    schema: z.strictObject({ ...COMMON, size: z.number().optional() }),
    title: () => 'Default Title',
    start: (_, report) => ({ wants: () => true, file: () => undefined, finish: () => [report(undefined)], ...start() }),
  })
const boom = () => {
  throw new Error('boom')
}
const results = (start: () => Partial<Analyzer>, config = {}) => {
  const { analyzer } = kind(start).create('key', config, NOW)
  if (analyzer.wants('a')) analyzer.file('a', new Uint8Array())
  return analyzer.finish().map(({ title, verdict, message }) => [title, verdict, message])
}

describe('defineAnalyzer', () => {
  it.each([
    { name: 'while it starts', start: boom },
    { name: 'when it is asked', start: () => ({ wants: boom }) },
    { name: 'at a file', start: () => ({ file: boom }) },
    { name: 'at the end', start: () => ({ finish: boom }) },
  ])('makes a failed result of an error $name', ({ start }) =>
    expect(results(start)).toEqual([['Default Title', 'fail', 'Analyzer Failed: boom']]),
  )

  it('has a warning as its only result when a file was too large to be shown', () => {
    const { analyzer } = kind(() => ({})).create('key', {}, NOW)
    analyzer.passedOver?.('a/large.json')
    expect([analyzer.wants('x'), analyzer.finish()]).toMatchObject([
      false,
      [{ title: 'Default Title', verdict: 'warn', message: 'Not checked: a/large.json is too large' }],
    ])
  })

  it('looks at no more files after an error', () => {
    const { analyzer } = kind(() => ({ file: boom })).create('key', {}, NOW)
    analyzer.file('a', new Uint8Array())
    expect(analyzer.wants('b')).toBe(false)
  })

  it('says so when no outcome matched', () =>
    expect(results(() => ({}))).toEqual([['Default Title', 'none', 'No outcome matched']]))

  it.each([
    { config: { checkName: 'Mine' }, title: 'Mine' },
    { config: { checkName: '' }, title: 'Default Title' },
    { config: { checkName: null }, title: 'Default Title' },
    { config: { checkName: 5 }, title: '5' },
  ])('titles $config', ({ config, title }) => expect(results(() => ({}), config)[0]?.[0]).toBe(title))

  it.each([
    { strict: true, want: true },
    { strict: 'T', want: true },
    { strict: 'maybe', want: false },
    { strict: undefined, want: false },
  ])('reads strict: $strict', ({ strict, want }) => {
    const { analyzer } = kind(() => ({})).create('key', strict === undefined ? {} : { strict }, NOW)
    expect(analyzer.finish()[0]?.isStrict).toBe(want)
  })

  it('leaves out unknown fields, wherever they are, and names them', () => {
    const config = { sise: 1, outcomes: [{ fail: { when: 'a', title: 'x' } }, { pass: { pass: { message: 'm' } } }] }
    const before = structuredClone(config)
    const { analyzer, notes } = kind(() => ({})).create('key', config, NOW)
    expect(notes.map(({ text }) => text).toSorted()).toEqual([
      'field "outcomes.0.fail.title" is unknown and not used',
      'field "outcomes.1.pass.pass" is unknown and not used; did you mean "pass"?',
      'field "sise" is unknown and not used; did you mean "size"?',
    ])
    expect(analyzer.finish()[0]?.verdict).toBe('none')
    expect(config).toEqual(before)
  })

  it.each([
    { config: { size: 'big' }, reason: /^Analyzer Failed: invalid config: size: / },
    { config: { size: 'big', checkName: 'Mine', oops: 1 }, reason: /size/ },
    { config: { outcomes: {} }, reason: /outcomes: / },
    { config: { outcomes: [{ fail: { message: ['a'] } }] }, reason: /outcomes\.0\.fail\.message: / },
    { config: { outcomes: ['fail'] }, reason: /outcomes\.0: / },
  ])('fails on $config', ({ config, reason }) => {
    const { analyzer, notes } = kind(() => ({})).create('key', config, NOW)
    const [result, ...others] = analyzer.finish()
    expect([result?.verdict, result?.title, others.length]).toEqual(['fail', config.checkName ?? 'key', 0])
    expect(result?.message).toMatch(reason)
    expect(notes.at(-1)?.text).toContain('invalid config')
  })
})
