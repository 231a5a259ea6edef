import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { pruneTask } from '../../../agent/delivery/prune.ts'
import { CONTRACT, type UploaderPlugin } from '../../../core/contract/index.ts'
import type { PruneRequest } from '../../../core/task.ts'
import { FakeClock, settle } from '../../support/clock.ts'
import { loaderOf } from './loader-of.ts'

const NOW = '2026-01-10T00:00:00Z'
const SECRET = 'tr0ub4dor&3-secret'
const DAY = 86_400_000

/** An uploader with a bundle of each day of January, up to the ninth. */
function shelf(change: Partial<UploaderPlugin> = {}) {
  const removed: string[] = []
  const plugin: UploaderPlugin = {
    manifest: {
      apiVersion: CONTRACT,
      kind: 'Uploader',
      name: 'box',
      version: '1.0.0',
      summary: 'x',
      schemes: ['box'],
      secretKeys: [],
    },
    configSchema: z.strictObject({}),
    upload: () => Promise.reject(new Error('not asked for')),
    async *list() {
      for (const day of [3, 1, 2, 9, 8, 7, 6, 5, 4])
        yield { fileName: `b${day}`, size: 1, at: new Date(`2026-01-0${day}T00:00:00Z`) }
    },
    remove: async (_, fileName) => void removed.push(fileName),
    ...change,
  }
  return { plugin, removed }
}

function start(plugin: UploaderPlugin, retention: Partial<PruneRequest['retention']> = {}, more: Partial<PruneRequest> = {}) {
  const stop = new AbortController()
  const clock = new FakeClock(NOW)
  const request: PruneRequest = {
    task: 'prune',
    run: { id: 'a.1', job: 'a', namespace: '', slot: '2026-01-01T02:00:00.000Z', trigger: 'schedule' },
    target: { uploader: 'box', config: {}, secrets: { key: SECRET } },
    retention: { keepLast: 100, maxAgeMs: 1000 * DAY, keepLastGood: true, ...retention },
    timeoutMs: 60_000,
    pluginFolders: [],
    ...more,
  }
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  return { result: pruneTask(request, { clock, loader: loaderOf(plugin), log, signal: stop.signal, say: () => {} }), stop, clock }
}

describe('prune', () => {
  it.each([
    ['nothing', {}, []],
    ['beyond a number', { keepLast: 7 }, ['b2', 'b1']],
    ['above an age', { maxAgeMs: 7 * DAY }, ['b2', 'b1']],
    ['both', { keepLast: 8, maxAgeMs: 8 * DAY }, ['b1']],
  ])('removes %s', async (_, retention, want) => {
    const { plugin, removed } = shelf()
    expect(await start(plugin, retention).result).toEqual({ removed: want })
    expect(removed).toEqual(want)
  })

  it('keeps the last good one, if so ruled', async () => {
    const kept = shelf()
    await start(kept.plugin, { keepLast: 7 }, { lastGood: 'b1' }).result
    expect(kept.removed).toEqual(['b2'])
    const not = shelf()
    await start(not.plugin, { keepLast: 7, keepLastGood: false }, { lastGood: 'b1' }).result
    expect(not.removed).toEqual(['b2', 'b1'])
  })

  it.each(['list', 'remove'] as const)('keeps everything at an uploader without "%s"', async (member) => {
    const { plugin, removed } = shelf()
    delete plugin[member]
    expect(await start(plugin, { keepLast: 1 }).result).toEqual({ removed: [] })
    expect(removed).toEqual([])
  })

  it('stops at the first that cannot be removed, with its secrets masked', async () => {
    const { plugin } = shelf({
      remove: () => Promise.reject(new Error(`DELETE with ${SECRET} and password=otherpassword failed`)),
    })
    const error = await start(plugin, { keepLast: 1 }).result.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'UPLOAD_FAILED',
      message: 'upload with "box" failed: DELETE with ***HIDDEN*** and password=***HIDDEN*** failed',
    })
  })

  it('stops between two when it is cancelled', async () => {
    const removed: string[] = []
    const { plugin } = shelf({
      remove: async (_, fileName) => {
        removed.push(fileName)
        run.stop.abort(new Error('cancelled'))
      },
    })
    const run = start(plugin, { keepLast: 1 })
    await expect(run.result).rejects.toThrow('cancelled')
    expect(removed).toEqual(['b8'])
  })

  it('tells an uploader when the time is over', async () => {
    const { plugin } = shelf({
      remove: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    })
    const { result, clock } = start(plugin, { keepLast: 1 })
    const outcome = result.catch((thrown: unknown) => thrown)
    await settle()
    await clock.advance(61_000)
    expect(await outcome).toMatchObject({ code: 'UPLOAD_FAILED', message: expect.stringContaining('did not end in time') })
  })
})
