import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loaderEdge } from '../../../agent/loader/edge.ts'
import { createLoader } from '../../../agent/loader/loader.ts'
import { mergeSpecs } from '../../../agent/specs/merge.ts'
import { documentsFromObjects } from '../../../agent/specs/parse.ts'
import { planCollectors } from '../../../agent/task/plan.ts'
import { systemClock } from '../../../core/clock.ts'
import { collectorModule, writePlugin } from '../../support/plugins.ts'
import { makeWorkspace, spec, TASK_SCRIPT, type Workspace } from '../../support/task.ts'

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

function plan(entries: Parameters<typeof spec>[0], platform = 'linux', mayUseHost = true) {
  const loader = createLoader(
    join(TASK_SCRIPT, '..'),
    [space.plugins],
    loaderEdge(systemClock, () => undefined),
  )
  return planCollectors(mergeSpecs(documentsFromObjects([spec(entries)], 'test').documents), loader, {
    platform,
    hasCluster: false,
    mayUseHost,
  })
}
const third = (name: string, module: string) => writePlugin(space.plugins, 'collectors', name, module)

describe('a plan', () => {
  it('has what can run, host first, with its config parsed, and names what cannot', async () => {
    await third('mine', collectorModule('mine', ''))
    const { planned, unplanned, problems } = await plan({
      collectors: [
        { mine: { any: 1 } },
        { data: { name: 'x', data: 'x' } },
        { data: { name: 'x', data: 'x', exclude: 'true' } },
        { data: { name: 'x', data: 'x', later: 1 } },
        { data: {} },
        { clusterInfo: {} },
      ],
      hostCollectors: [{ memory: {} }, { memori: {} }],
    })
    expect(planned.map(({ key, config }) => [key, config])).toEqual([
      ['memory', {}],
      ['mine', { any: 1 }],
      ['data', { name: 'x', data: 'x' }],
      ['data', { name: 'x', data: 'x' }],
    ])
    expect(planned.at(-1)?.warnings).toEqual([
      { code: 'COLLECTOR_CONFIG', message: 'collector "data" does not know "later"; it was ignored' },
    ])
    expect(unplanned.map(({ key, isExcluded, problem }) => [key, isExcluded, problem?.code])).toEqual([
      ['memori', false, 'COLLECTOR_UNKNOWN'],
      ['data', true, undefined],
      ['data', false, 'COLLECTOR_CONFIG'],
      ['clusterInfo', false, expect.stringMatching(/CLUSTER_NEEDED|COLLECTOR_UNKNOWN/)],
    ])
    expect(problems).toEqual([])
  })

  it('refuses what looks at this machine, where jobs may not', async () => {
    const entries = { collectors: [{ data: { name: 'x', data: 'x' } }], hostCollectors: [{ memory: {} }] }
    const { planned, unplanned } = await plan(entries, 'linux', false)
    expect(planned.map(({ key }) => key)).toEqual(['data'])
    expect(unplanned.map(({ key, problem }) => [key, problem?.code])).toEqual([['memory', 'HOST_REFUSED']])
  })

  it('skips what the peer has for products of few, and checks its fields all the same', async () => {
    const { planned, unplanned } = await plan({
      collectors: [{ ceph: { namespac: 'x' } }],
      hostCollectors: [{ longhorn: {} }],
    })
    expect(planned).toEqual([])
    expect(unplanned.map(({ key, problem, unsupported, warnings }) => [key, problem?.message, unsupported, warnings])).toEqual([
      ['longhorn', 'there is no collector "longhorn"; it belongs to "collectors"', undefined, []],
      [
        'ceph',
        undefined,
        'collector "ceph" is not supported, and the entry is skipped',
        [
          {
            code: 'COLLECTOR_CONFIG',
            message: 'collector "ceph" does not know "namespac"; it was ignored; did you mean "namespace"?',
          },
        ],
      ],
    ])
  })

  it('knows what does not work on this machine', async () => {
    const { unplanned } = await plan({ hostCollectors: [{ memory: {} }] }, 'win32')
    expect(unplanned).toMatchObject([{ key: 'memory', problem: { code: 'COLLECTOR_PLATFORM' } }])
  })

  it.each(['someThing', 'some-thing', 'host-some-thing'])(
    'tells why a plug-in in the folder "%s" did not load',
    async (folder) => {
      await third(folder, 'throw new Error("no licence")')
      const { unplanned, problems } = await plan({ collectors: [{ someThing: {} }] })
      expect(unplanned).toMatchObject([
        { problem: { code: 'PLUGIN_NOT_LOADED', message: expect.stringContaining('no licence') } },
      ])
      expect(problems).toEqual([])
    },
  )

  it('shows all that did not load when a key is unknown, since one of them may have it', async () => {
    await third('first', 'throw new Error("one")')
    await third('second', 'throw new Error("two")')
    const { unplanned, problems } = await plan({ collectors: [{ elsewhere: {} }] })
    expect(unplanned).toMatchObject([{ problem: { code: 'COLLECTOR_UNKNOWN' } }])
    expect(problems.map(({ code, message }) => [code, message.slice(-3)])).toEqual([
      ['PLUGIN_NOT_LOADED', 'one'],
      ['PLUGIN_NOT_LOADED', 'two'],
    ])
    expect((await plan({ collectors: [{ data: { name: 'x', data: 'x' } }] })).problems).toEqual([])
  })
})
