import { describe, expect, it } from 'vitest'
import { readRedactors } from '../../../agent/task/redactors.ts'

const document = (redactors: unknown, kind = 'Redactor') => ({ apiVersion: 'troubleshoot.sh/v1beta2', kind, spec: { redactors } })
const values = (name: string) => ({ name, removals: { values: [name] } })

describe('the redactors of a run', () => {
  it('are those of its specs, then those of its own documents', () => {
    const { rules } = readRedactors([values('a')], { redactors: [document([values('b')]), document([values('c')])] })
    expect(rules.map(({ name }) => name)).toEqual(['custom: a', 'custom: b', 'custom: c'])
    expect(readRedactors([], {}).rules).toEqual([])
  })

  it.each([
    ['an unknown key', [document([{ name: 'a', removal: {} }])], /removal/],
    ['an unknown key deeper', [document([{ name: 'a', removals: { regexp: [] } }])], /regexp/],
    ['another kind', [document([], 'SupportBundle')], /SupportBundle|redactors/],
    ['another version', [{ ...document([values('a')]), apiVersion: 'v2' }], /apiVersion|no Redactor/],
    ['no object', ['redact: all'], /object/],
    ['nothing at all', [undefined], /object/],
    ['a pattern that cannot work', [document([{ name: 'a', removals: { regex: [{ redactor: '(?=x)' }] } }])], /not supported/],
    ['nothing to remove', [document([{ name: 'a' }])], /removes nothing/],
  ])('stop the run when there is %s', (_, redactors, want) => {
    expect(() => readRedactors([], { redactors })).toThrowError(
      expect.objectContaining({ code: 'SPEC_INVALID', message: expect.stringMatching(want) }),
    )
  })
})
