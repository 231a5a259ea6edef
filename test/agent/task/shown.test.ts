import { describe, expect, it } from 'vitest'
import { Fatal } from '../../../agent/bundle/fatal.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'
import { showProblems } from '../../../agent/task/shown.ts'

const show = showProblems(createRedactor(defaultRules))

describe('showProblems', () => {
  it('redacts message and remedy, and keeps the code', () => {
    expect(show({ code: 'A', message: 'password=hunter2hunter2', remedy: 'use token=hunter2hunter2' })).toEqual({
      code: 'A',
      message: 'password=***HIDDEN***',
      remedy: 'use token=***HIDDEN***',
    })
    expect(show({ code: 'A', message: 'm' })).toEqual({ code: 'A', message: 'm' })
  })

  it('redacts before it cuts', () => {
    for (let at = 1960; at < 2010; at++)
      expect(show({ code: 'A', message: `${'x'.repeat(at)} password="hunter2hunter2"` }).message).not.toContain('hunter')
    expect(show({ code: 'A', message: 'x'.repeat(5000) }).message).toHaveLength(2001)
    expect(show({ code: 'A', message: '😀'.repeat(3000) }).message.isWellFormed()).toBe(true)
  })

  it('a text that cannot be redacted is not shown; a broken rule ends the run', () => {
    const short = showProblems(createRedactor(defaultRules, { maxLineBytes: 10 }))
    expect(short({ code: 'A', message: 'longer than ten' }).message).toBe('(a message that could not be redacted was left out)')
    const broken = showProblems({
      text: () => {
        throw new TypeError('rule')
      },
    })
    expect(() => broken({ code: 'A', message: 'm' })).toThrow(Fatal)
  })
})
