import { describe, expect, it } from 'vitest'
import { parseDuration, showDuration } from '../../../agent/analysis/duration.ts'
import { evaluateExpression } from '../../../agent/analysis/expression.ts'
import { parseSelector } from '../../../agent/analysis/label-selector.ts'
import { rawItems } from '../../../agent/analysis/list-items.ts'

describe('evaluateExpression', () => {
  const of = (text: string) =>
    evaluateExpression(
      text,
      new Map<string, number | string>([
        ['statusCode', 204],
        ['name', 'x'],
      ]),
    )
  it.each([
    ['statusCode == 204', true],
    ['statusCode >= 200 && statusCode < 204', false],
    ['statusCode == 1 || statusCode != 2', true],
    ['!(statusCode == 204)', false],
    ['statusCode in (200, 204)', true],
    ['statusCode + 6 * 2 == 216', true],
    ['(statusCode + 6) / 2 == 105 && -1 < 0', true],
    ["name == 'x'", true],
    ['true && false', false],
  ])('%s: %s', (text, want) => expect(of(text)).toBe(want))
  it.each([
    'statusCode',
    'status == 1',
    'statusCode ==',
    '(statusCode == 1',
    'statusCode == 1 1',
    "name < 'y'",
    'statusCode == 1; 1',
    '',
  ])('refuses %s', (text) => expect(() => of(text)).toThrow())
})

describe('parseSelector', () => {
  const labels = { app: 'web', tier: 'front' }
  it.each([
    ['', true],
    ['app=web', true],
    ['app==web,tier=back', false],
    ['app!=web', false],
    ['none!=x', true],
    ['app in (api, web),tier', true],
    ['app notin (web)', false],
    ['!none', true],
    ['!app', false],
    ['toString', false],
  ])('%s: %s', (selector, want) => expect(parseSelector(selector)(labels)).toBe(want))
  it.each(['app > 1', 'a b', '=x'])('refuses %s', (selector) =>
    expect(() => parseSelector(selector)).toThrow('is not a label selector'),
  )
})

describe('durations', () => {
  it.each([
    [0, '0s'],
    [900, '900ns'],
    [1500, '1.5µs'],
    [2_100_000, '2.1ms'],
    [1_000_000_000, '1s'],
    [61_500_000_000, '1m1.5s'],
    [3_600_000_000_000, '1h0m0s'],
    [-1500, '-1.5µs'],
  ])('%d is %s, and back', (nanoseconds, text) => {
    expect(showDuration(nanoseconds)).toBe(text)
    expect(parseDuration(text)).toBe(nanoseconds)
  })
  it.each(['', '10', 'ms', '1x', '1ms '])('refuses "%s"', (text) =>
    expect(() => parseDuration(text)).toThrow('is not a duration'),
  )
})

describe('rawItems', () => {
  const of = (text: string) => [...rawItems('f.json', new TextEncoder().encode(text))]
  it.each([
    ['{"kind":"List","items":[{"a":"é"},{"b":[1]}]}', [{ a: 'é' }, { b: [1] }]],
    [' [{"a":1}]', [{ a: 1 }]],
    ['{"items":[]}', []],
    ['{"kind":"Namespace","metadata":{"name":"x"}}', []],
  ])('%s', (text, want) => expect(of(text)).toEqual(want))
  it.each(['', '{"items":[{"a":1}', 'no', '[1'])('refuses %s', (text) => expect(() => of(text)).toThrow('f.json is not'))
})
