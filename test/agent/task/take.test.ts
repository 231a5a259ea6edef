import { describe, expect, it } from 'vitest'
import { Fatal } from '../../../agent/bundle/fatal.ts'
import type { Sink } from '../../../agent/bundle/sink.ts'
import { createNotes } from '../../../agent/task/foreign.ts'
import { createLogBook } from '../../../agent/task/kube/log-book.ts'
import { createTaker } from '../../../agent/task/take.ts'
import type { FileOutput } from '../../../core/contract/index.ts'
import { fail } from '../../../core/errors.ts'
import { settle } from '../../support/clock.ts'

/** A taker, a bundle in memory in which some paths fail, and what was said. */
function world(failures: Record<string, unknown> = {}) {
  const stop = new AbortController()
  const files: string[] = []
  const waiting: Record<string, () => void> = {}
  const sink = {
    isFree: (path: string) => !files.includes(path),
    link: async () => undefined,
    async take({ path, body }: FileOutput) {
      if (path.startsWith('slow')) await new Promise<void>((resolve) => (waiting[path] = resolve))
      if (path in failures) throw failures[path]
      if (files.includes(path)) throw fail('OUTPUT_REFUSED', { path, reason: 'the path was used before', remedy: '' })
      files.push(path)
      return typeof body === 'string' ? body.length : 1
    },
  } as Partial<Sink> as Sink
  const report = { files: 0, bytes: 0 } as Parameters<typeof createTaker>[0]
  const notes = createNotes()
  const logs = createLogBook(() => [])
  const said: string[] = []
  const taker = createTaker(report, notes, { sink, logs, stop: stop.signal, onOutput: (path) => void said.push(path) })
  const log = (path: string): FileOutput => ({
    ...file(path),
    body: logs.body({ namespace: 'a', name: path, container: 'c' }, {}, async function* () {}),
  })
  return { taker, files, waiting, report, notes, said, stop, log }
}
const file = (path: string, more: Partial<FileOutput> = {}): FileOutput => ({
  type: 'file',
  path,
  format: 'text',
  body: 'text',
  ...more,
})
const instead = (path: string) => (reason: string) => file(path, { body: reason })
const missing = fail('API_NOT_FOUND', { what: 'GET /x', reason: 'gone' })
const down = fail('API_UNAVAILABLE', { what: 'GET /x', reason: 'down' })

describe('taking outputs', () => {
  it('counts files and bytes, and says each', async () => {
    const { taker, report, said } = world()
    await taker.take(file('a'))
    await taker.take(file('b'))
    await taker.end()
    expect(report).toMatchObject({ files: 2, bytes: 8 })
    expect(said).toEqual(['a', 'b'])
  })

  it.each([
    [undefined, false],
    [false, false],
    [true, true],
  ])('a warning with isLoss %s', async (isLoss, isLossy) => {
    const { taker, notes } = world()
    await taker.take({ type: 'warning', code: 'W', message: 'm', ...(isLoss === undefined ? {} : { isLoss }) })
    expect(notes.list()).toEqual([{ code: 'W', message: 'm' }])
    expect(notes.isLossy).toBe(isLossy)
  })

  it.each([
    ['helm/errors.json', false],
    ['cluster-resources/pvs-errors.json', false],
    ['helm/a.json', true],
  ])('a second file of one name: %s, a loss: %s', async (path, isLossy) => {
    const { taker, notes, files } = world()
    await taker.take(file(path))
    await taker.take(file(path))
    await taker.end()
    expect(files).toEqual([path])
    expect(notes.list()).toMatchObject([{ code: 'OUTPUT_REFUSED' }])
    expect(notes.isLossy).toBe(isLossy)
  })

  it.each([
    ['is a loss', down, {}, ['API_UNAVAILABLE'], []],
    ['is a loss also if it is gone', missing, {}, ['API_NOT_FOUND'], []],
    ['has its stand-in, and is a loss', down, { instead: instead('why') }, ['API_UNAVAILABLE'], ['why']],
    ['that is not there has its stand-in, and is none', missing, { instead: instead('why') }, [], ['why']],
  ] as const)('a file that cannot be read %s', async (_, error, more, codes, files) => {
    const world1 = world({ bad: error })
    await world1.taker.take(file('bad', more))
    expect(world1.notes.list().map(({ code }) => code)).toEqual(codes)
    expect(world1.notes.isLossy).toBe(codes.length > 0)
    expect(world1.files).toEqual(files)
  })

  it('a stand-in has none itself', async () => {
    const { taker, files, notes } = world({ bad: missing, why: missing })
    await taker.take(file('bad', { instead: (reason) => file('why', { body: reason, instead: instead('never') }) }))
    expect(files).toEqual([])
    expect(notes.isLossy).toBe(true)
  })

  it('what ends the run is thrown, also from the logs that are read side by side', async () => {
    const broken = new Fatal(down)
    const { taker, waiting, log } = world({ 'slow-1': broken })
    await taker.take(log('slow-1'))
    await settle()
    waiting['slow-1']?.()
    await settle()
    await expect(taker.take(file('next'))).rejects.toBe(broken)
    await expect(taker.end()).rejects.toBe(broken)
  })

  it('reads eight logs at a time', async () => {
    const { taker, waiting, log, files } = world()
    for (let name = 1; name <= 8; name++) await taker.take(log(`slow-${name}`))
    const ninth = taker.take(log('slow-9'))
    await settle()
    expect(Object.keys(waiting)).toHaveLength(8)
    waiting['slow-2']?.()
    await ninth
    await settle()
    expect(Object.keys(waiting)).toHaveLength(9)
    for (const go of Object.values(waiting)) go()
    await taker.end()
    expect(files).toHaveLength(9)
  })

  it('throws once nothing is waited for any more', async () => {
    const { taker, stop } = world({ bad: new Error('x') })
    stop.abort(new Error('over'))
    await expect(taker.take(file('bad'))).rejects.toThrow('x')
  })
})
