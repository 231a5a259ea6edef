import { describe, expect, it } from 'vitest'
import { reviewRules } from '../../../collectors/cluster-resources/access-rules.ts'
import type { Kube } from '../../../core/contract/index.ts'
import { fakeKube } from '../../../core/testkit/index.ts'

const NAMES = Array.from({ length: 50 }, (_, index) => `n-${index}`)
const broken = Object.assign(new Error('no answer'), { class: 'retryable' })
const signal = new AbortController().signal

/** Asks for the rules of all, where some reviews fail. */
async function reviewed(fails: (call: number) => Error | undefined) {
  let calls = 0
  const kube: Kube = {
    ...fakeKube(),
    async review() {
      const failure = fails(calls++)
      await Promise.resolve()
      if (failure) throw failure
      const json = { status: { resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], nonResourceRules: [] } }
      return { json, text: JSON.stringify(json) }
    },
  }
  const closed = new Set<string>()
  const outputs = await reviewRules(kube, NAMES, signal, (name) => closed.add(name)).outputs
  const files = outputs.flatMap((one) => (one.type === 'file' ? [one] : []))
  const errors = files.find(({ path }) => path.endsWith('-errors.json'))
  return {
    calls,
    closed,
    files: files.filter((one) => one !== errors).length,
    errors: JSON.parse(typeof errors?.body === 'string' ? errors.body : '{}') as Record<string, string>,
    warnings: outputs.flatMap((one) => (one.type === 'warning' ? [one] : [])),
  }
}

describe('the rules of many namespaces', () => {
  it('are not asked for one after the other when none of the first can be had', async () => {
    const { calls, errors, files, closed, warnings } = await reviewed(() => broken)
    expect(calls).toBeLessThan(15)
    expect(files).toBe(0)
    expect(Object.keys(errors)).toEqual(NAMES)
    expect(new Set(Object.values(errors))).toEqual(new Set(['no answer']))
    expect(closed.size, 'what is not known is open').toBe(0)
    expect(warnings).toMatchObject([{ code: 'ACCESS_RULES_MISSING', isLoss: true }])
  })

  it('are all asked for when some can be had', async () => {
    const { calls, errors, files } = await reviewed((call) => (call % 3 === 0 ? undefined : broken))
    expect(calls).toBe(50)
    expect(files).toBe(17)
    expect(Object.keys(errors)).toHaveLength(33)
  })

  it('are no loss when they were not granted', async () => {
    const { warnings } = await reviewed(() => Object.assign(new Error('no'), { class: 'permission' }))
    expect(warnings).toMatchObject([{ isLoss: false }])
  })
})
