import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toYaml } from '../../../core/yaml.ts'
import { makeWorkspace, mustHave, runRequest, runTask, spec, unpack, type Workspace } from '../../support/task.ts'

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const kept = { data: { name: 'kept', collectorName: 'kept.txt', data: 'kept\n' } }
const run = (entries: object[], strict = false, more: object[] = []) =>
  runTask(
    runRequest(space, {
      specs: more,
      unread: { sources: [{ text: toYaml(spec({ collectors: entries })), name: 'a.yaml' }], strict },
    }),
  )

describe('specs that nobody looked at', () => {
  it('are collected by, besides those that are known', async () => {
    const outcome = await run([kept], false, [spec({ collectors: [{ data: { name: 'known', data: 'x' } }] })])
    const { paths } = await unpack(mustHave(outcome).archive.path)
    expect(paths).toEqual(expect.arrayContaining(['kept/kept.txt', 'known']))
    expect(outcome.messages.filter(({ type }) => type === 'issues')).toEqual([])
  })

  it('are told with what is wrong in them, and where, before anything is collected', async () => {
    const outcome = await run([{ data: { ...kept.data, nme: 'x' } }])
    const types = outcome.messages.map(({ type }) => type)
    expect(types.indexOf('issues')).toBe(0)
    expect(outcome.messages[0]).toMatchObject({
      issues: [{ code: 'COLLECTOR_CONFIG', severity: 'warning', source: 'a.yaml', line: expect.any(Number) as unknown }],
    })
    mustHave(outcome)
  })

  it('stop the run with an error, by --strict also with one of writing', async () => {
    const unknown = await run([{ dta: {} }])
    expect(unknown.error).toMatchObject({ code: 'SPEC_INVALID', message: expect.stringContaining('"dta"') as unknown })
    const misspelt = await run([{ data: { ...kept.data, nme: 'x' } }], true)
    expect(misspelt.error).toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringMatching(/a\.yaml: \d+:\d+: .*"nme"/) as unknown,
    })
    expect([...unknown.messages, ...misspelt.messages].filter(({ type }) => type === 'output')).toEqual([])
  })
})
