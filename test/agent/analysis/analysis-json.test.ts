import { describe, expect, it } from 'vitest'
import { analysisJson } from '../../../agent/analysis/analysis-json.ts'
import { plainResult } from '../../../agent/analysis/analyzer.ts'

const one = (title: string, message = '') => JSON.parse(analysisJson([plainResult(title, 'pass', message)]))[0]

describe('analysisJson', () => {
  it('writes what the peer writes, byte for byte', () => {
    const results = [
      {
        ...plainResult('A & <b>', 'fail' as const, 'x > y'),
        iconKey: 'key',
        iconUri: 'https://e/i.svg?w=13&h=16',
        uri: 'https://not.written',
      },
      plainResult('', 'none', ''),
    ]
    expect(analysisJson(results)).toBe(`[
    {
        "name": "a.b.",
        "labels": {
            "desiredPosition": "1",
            "iconKey": "key",
            "iconUri": "https://e/i.svg?w=13\\u0026h=16"
        },
        "insight": {
            "name": "a.b.",
            "labels": {
                "iconKey": "key",
                "iconUri": "https://e/i.svg?w=13\\u0026h=16"
            },
            "primary": "A \\u0026 \\u003cb\\u003e",
            "detail": "x \\u003e y",
            "severity": "error"
        },
        "severity": "error",
        "analyzerSpec": "",
        "error": "x \\u003e y"
    },
    {
        "labels": {
            "desiredPosition": "1",
            "iconKey": "",
            "iconUri": ""
        },
        "insight": {
            "labels": {
                "iconKey": "",
                "iconUri": ""
            },
            "primary": "",
            "detail": ""
        },
        "severity": "",
        "analyzerSpec": ""
    }
]`)
  })

  it('writes [] for no results', () => expect(analysisJson([])).toBe('[]'))

  it.each([
    ['fail', 'error'],
    ['warn', 'warn'],
    ['pass', 'debug'],
    ['none', ''],
  ] as const)('writes %s as severity %j', (verdict, severity) => {
    const [element] = JSON.parse(analysisJson([plainResult('t', verdict, 'm')])) as Record<string, unknown>[]
    expect(element?.['severity']).toBe(severity)
    expect(element?.['error']).toBe(verdict === 'fail' ? 'm' : undefined)
  })

  it.each([
    ['Number of CPUs', 'number.of.cpus'],
    ['Disk Usage ', 'disk.usage.'],
    ['a--b__c', 'a.b.c'],
    ['Übung', '.bung'],
  ])('names %j %j', (title, name) => expect(one(title).name).toBe(name))

  it('escapes as Go does', () => {
    expect(analysisJson([plainResult('t', 'pass', '\u2028\u2029<\b\f\t\u0001\u007fé😀\ud800"')])).toContain(
      String.raw`"detail": "\u2028\u2029\u003c\b\f\t\u0001` + '\u007fé😀\ufffd' + String.raw`\"",`,
    )
  })
})
