import { describe, expect, it } from 'vitest'
import { TROUBLESHOOT_RULES } from '../../../agent/redaction/default-rules.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'
import { DEFAULT_CASES } from './cases.ts'

describe.each(TROUBLESHOOT_RULES.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  const cases = DEFAULT_CASES.filter((one) => one.rule === name)
  it.each(cases)('$text', ({ text, want, path }) => {
    expect(createRedactor([rule]).text(text, path)).toBe(want === '' ? text : want)
    const crlf = createRedactor([rule]).text(text.replaceAll(/\r?\n/g, '\r\n'), path)
    expect(crlf).toBe((want === '' ? text : want).replaceAll(/\r?\n/g, '\r\n'))
  })
  it('has a case that it masks', () => {
    expect(cases.some(({ want }) => want.includes(MASK))).toBe(true)
  })
})

describe('the default rules together', () => {
  const redactor = createRedactor(TROUBLESHOOT_RULES)

  it.each([
    ['mysql://user:PLANTED@tcp(host)/db', `mysql://${MASK}:${MASK}@${MASK}/${MASK}`],
    ['https://user:PLANTED@host/', `https://${MASK}:${MASK}@host/`],
    ['Server=db;Uid=bob;Pwd=x y;Timeout=5', `Server=${MASK};Uid=${MASK};Pwd=${MASK};Timeout=5`],
    ['"name":"x"\n"value":"y"\n', '"name":"x"\n"value":"y"\n'],
  ])('%s', (text, want) => {
    expect(redactor.text(text)).toBe(want)
  })

  it('masks the line after a selector only, and a selector may follow a selector', () => {
    const text = '"name": "token"\n"name": "password"\n"value": "a"\n"value": "b"\n'
    expect(redactor.text(text)).toBe(text.replace('"a"', `"${MASK}"`))
  })

  it('changes nothing when applied again', () => {
    const once = redactor.text(DEFAULT_CASES.map(({ text }) => text).join('\n'))
    expect(redactor.text(once)).toBe(once)
  })
})
