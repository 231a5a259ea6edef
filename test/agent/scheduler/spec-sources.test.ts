import { describe, expect, it } from 'vitest'
import type { SpecRef } from '../../../agent/outside.ts'
import { specSources } from '../../../agent/scheduler/spec-sources.ts'
import { readJob } from '../../../core/job.ts'
import { fail } from '../../../core/errors.ts'

const outside = {
  specSource: async ({ kind, name, key }: SpecRef) => {
    if (name === 'gone') throw fail('SPEC_SOURCE', { source: name, reason: 'gone', remedy: 'make it' })
    return `${kind} ${name} ${key}`
  },
  specUrls: () => ['https://specs.example/'],
}
function read(change: object, withheld: string[] = []) {
  const { spec, issues } = readJob({ apiVersion: 'support-bundle-schedule.io/v1', schedule: '@daily', ...change })
  if (!spec) throw new Error(JSON.stringify(issues))
  return specSources(spec, outside, withheld)
}

describe('the specs of a job for its task', () => {
  it('are what is embedded, what objects hold now, and addresses', async () => {
    const specs = [
      { configMap: { name: 'a' } },
      { inline: { kind: 'one' } },
      { secret: { name: 'b', key: 'k' } },
      { url: 'https://specs.example/a' },
    ]
    expect(await read({ collect: { specs } })).toEqual({
      specs: [{ kind: 'one' }],
      sources: [
        { text: 'ConfigMap a support-bundle-spec', name: 'collect.specs[0] (ConfigMap a)' },
        { text: 'Secret b k', name: 'collect.specs[2] (Secret b)' },
        { url: 'https://specs.example/a', name: 'collect.specs[3] (https://specs.example/a)' },
      ],
      specUrls: ['https://specs.example/'],
    })
  })

  it('go with the profile that adds to them', async () => {
    expect(await read({ collect: { auto: true } })).toMatchObject({ specs: [], auto: 'standard' })
    expect(await read({ collect: { auto: false } })).not.toHaveProperty('auto')
  })

  it('are told from what it redacts by', async () => {
    const specs = [{ inline: { kind: 'Redactor' } }, { configMap: { name: 'r', key: 'redactor-spec' } }]
    expect(await read({ redact: { specs } })).toEqual({
      specs: [],
      sources: [{ text: 'ConfigMap r redactor-spec', name: 'redact.specs[1] (ConfigMap r)', isRedactor: true }],
      redactors: [{ kind: 'Redactor' }],
      specUrls: ['https://specs.example/'],
    })
  })

  it.each([
    ['that cannot be read', { secret: { name: 'gone' } }, 'SPEC_SOURCE'],
    ['that jobs upload with', { secret: { name: 'keys' } }, 'SECRET_WITHHELD'],
  ])('fail the run for a Secret %s', async (_, source, code) => {
    await expect(read({ collect: { specs: [source] } }, ['keys'])).rejects.toMatchObject({ code })
    await expect(read({ redact: { specs: [source] } }, ['keys'])).rejects.toMatchObject({ code })
  })
})
