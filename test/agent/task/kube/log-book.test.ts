import { describe, expect, it } from 'vitest'
import { createLogBook, type LogShelf, widest } from '../../../../agent/task/kube/log-book.ts'
import type { FileOutput, LogLimits, LogSource, LogWish } from '../../../../core/contract/index.ts'
import { bytesOf } from '../../../../core/testkit/gather.ts'

const source: LogSource = { namespace: 'a', name: 'pod', container: 'main' }

/** A bundle in memory, and how often a log was fetched with which limits. */
function world(wishes: LogWish[] = [], failure?: Error) {
  const fetched: LogLimits[] = []
  const files: Record<string, string> = {}
  const links: Record<string, string> = {}
  const isFree = (path: string) => !(path in files) && !(path in links)
  const shelf: LogShelf = {
    isFree,
    async take(output) {
      for (const link of output.links ?? []) links[link] = output.path
      const bytes = await bytesOf(output.body)
      files[output.path] = Buffer.from(bytes).toString()
      return bytes.length
    },
    link: async (path, more) => {
      for (const link of more) links[link] = path
    },
  }
  const book = createLogBook(() => wishes)
  const open = (limits: LogLimits) =>
    (async function* () {
      fetched.push(limits)
      if (failure) throw failure
      yield Buffer.from('log')
    })()
  const output = (path: string, names: string[], limits: LogLimits, from = source): FileOutput => ({
    type: 'file',
    path,
    links: names,
    format: 'text',
    body: book.body(from, limits, open),
  })
  return { book, shelf, fetched, files, links, output }
}

describe('the log book', () => {
  it('says again why a log could not be had, and keeps nothing else of the error', async () => {
    const failure = Object.assign(new Error('no such node'), { code: 'NODE_GONE', class: 'config', remedy: 'wait' })
    const { book, shelf, fetched, output } = world([], failure)
    await expect(book.store(output('real.log', [], {}), shelf)).rejects.toBe(failure)
    const again: unknown = await book.store(output('real.log', [], {}), shelf).catch((error: unknown) => error)
    expect(again).not.toBe(failure)
    expect(again).toMatchObject({ message: 'no such node', code: 'NODE_GONE', class: 'config', remedy: 'wait' })
    expect(fetched).toHaveLength(1)
    const plain = world([], new Error('odd'))
    await expect(plain.book.store(plain.output('a.log', [], {}), plain.shelf)).rejects.toThrow('odd')
    const second: unknown = await plain.book.store(plain.output('b.log', [], {}), plain.shelf).catch((error: unknown) => error)
    expect(Object.keys(second as object)).not.toContain('code')
  })

  it('fetches a log once; who comes later has names for it', async () => {
    const { book, shelf, fetched, files, links, output } = world()
    expect(await book.store(output('real.log', ['one.log'], { maxLines: 5 }), shelf)).toBe(3)
    expect(await book.store(output('real.log', ['two.log', 'one.log'], { maxLines: 9 }), shelf)).toBe(0)
    expect(await book.store(output('elsewhere.log', [], { maxLines: 9 }), shelf)).toBe(0)
    expect(fetched).toHaveLength(1)
    expect(files).toEqual({ 'real.log': 'log' })
    expect(links).toEqual({ 'one.log': 'real.log', 'two.log': 'real.log', 'elsewhere.log': 'real.log' })
  })

  it('fetches it with the widest limits, and the names of all who want it', async () => {
    const wishes = [
      { limits: { maxLines: 10 }, links: ['one.log'] },
      { limits: { maxLines: 100, timestamps: true }, links: ['two.log'] },
    ]
    const { book, shelf, fetched, links, output } = world(wishes)
    await book.store(output('real.log', ['one.log'], { maxLines: 10 }), shelf)
    expect(fetched).toEqual([{ maxLines: 100, timestamps: true }])
    expect(Object.keys(links)).toEqual(['one.log', 'two.log'])
  })

  it('knows the log before a restart, and those of other pods, as other ones', async () => {
    const { book, shelf, fetched, output } = world()
    const others: LogSource[] = [
      { ...source, previous: true },
      { ...source, container: 'side' },
      { ...source, namespace: 'b' },
    ]
    for (const [index, one] of [source, ...others].entries()) await book.store(output(`${index}.log`, [], {}, one), shelf)
    expect(fetched).toHaveLength(4)
  })

  it('leaves the name of one pod to it when another would have it too', async () => {
    const { book, shelf, files, links, output } = world()
    await book.store(output('a.log', ['app/pod.log'], {}), shelf)
    await book.store(output('b.log', ['app/pod.log'], {}, { ...source, namespace: 'b' }), shelf)
    expect(Object.keys(files)).toEqual(['a.log', 'b.log'])
    expect(links).toEqual({ 'app/pod.log': 'a.log' })
  })

  it('tells all who want a log that it cannot be had, and asks once', async () => {
    const { book, shelf, fetched, output } = world([], new Error('no log'))
    const both = [output('real.log', [], {}), output('real.log', ['x.log'], {})].map((one) => book.store(one, shelf))
    expect(await Promise.allSettled(both)).toMatchObject([{ reason: new Error('no log') }, { reason: new Error('no log') }])
    expect(fetched).toHaveLength(1)
  })

  it('passes other files on, and knows its own bodies', async () => {
    const { book, shelf, files, output } = world()
    const { body } = output('real.log', [], {})
    expect([book.has(body), book.has('text'), book.has(() => bodyOf())]).toEqual([true, false, false])
    expect(await book.store({ type: 'file', path: 'x', format: 'text', body: 'other' }, shelf)).toBe(5)
    expect(files).toEqual({ x: 'other' })
  })
})

async function* bodyOf() {
  yield Buffer.from('')
}

describe('the widest limits', () => {
  const early = new Date('2026-01-01T00:00:00Z')
  const late = new Date('2026-01-02T00:00:00Z')
  it.each<[LogLimits, LogLimits, LogLimits]>([
    [{ maxLines: 5 }, { maxLines: 9 }, { maxLines: 9 }],
    [{ maxLines: 5, maxBytes: 10 }, { maxLines: 5 }, { maxLines: 5 }],
    [{ sinceTime: late }, { sinceTime: early }, { sinceTime: early }],
    [{ sinceTime: early }, { maxLines: 9 }, {}],
    [{}, { maxLines: 9, timestamps: true }, { timestamps: true }],
    [{ maxLines: 0 }, { maxLines: 0 }, { maxLines: 0 }],
  ])('of %j and %j', (a, b, wanted) => {
    expect(widest(a, b)).toEqual(wanted)
    expect(widest(b, a)).toEqual(wanted)
  })
})
