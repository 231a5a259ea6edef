import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Found, Loader } from '../../../../agent/loader/loader.ts'
import { hostTask } from '../../../../agent/task/nodes/host-task.ts'
import { CONTRACT, type HostCollectorPlugin, type Output, pluginError } from '../../../../core/contract/index.ts'
import type { NodeWord } from '../../../../core/node-words.ts'
import { fakeHost } from '../../../../core/testkit/fake-host.ts'
import { FakeClock, settle } from '../../../support/clock.ts'
import { RUN } from '../../../support/task.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A loader of host collectors that yield what the test says, by key. */
function loaderOf(collectors: Record<string, () => AsyncGenerator<Output>>): Loader {
  const found = (key: string): Found => {
    const plugin: HostCollectorPlugin = {
      manifest: {
        apiVersion: CONTRACT,
        kind: 'HostCollector',
        name: key,
        version: '1.0.0',
        summary: key,
        specKey: key,
        permissions: [],
        outputs: [],
        platforms: ['linux'],
      },
      configSchema: z.unknown(),
      collect: () => collectors[key]?.() ?? none(),
    }
    const { manifest } = plugin
    return { kind: 'HostCollector', name: key, folder: key, key, manifest, isBuiltIn: true, load: async () => plugin }
  }
  return {
    find: async (_, key) => (key in collectors ? found(key) : undefined),
    findScheme: async () => undefined,
    keys: async () => Object.keys(collectors),
    all: async () => ({ found: [], problems: [] }),
  }
}
async function* none(): AsyncGenerator<Output> {}

async function run(
  collectors: Record<string, () => AsyncGenerator<Output>>,
  keys = Object.keys(collectors),
  meanwhile: (clock: FakeClock, words: NodeWord[]) => Promise<void> = async () => undefined,
) {
  const words: NodeWord[] = []
  let undrained = 0
  let most = 0
  const quiet = () => undefined
  const clock = new FakeClock()
  const work = hostTask(
    { task: 'host', run: RUN, root: '/host', entries: keys.map((key) => ({ key, source: 's', config: {} })), timeoutMs: 60_000 },
    {
      clock,
      loader: loaderOf(collectors),
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      platform: 'linux',
      signal: new AbortController().signal,
      host: (_, root) => fakeHost({ root: root ?? '/' }),
      say(message) {
        most = Math.max(most, ++undrained)
        if (message.type === 'node') words.push(message.word)
      },
      async drained() {
        await turn()
        undrained = 0
      },
    },
  )
  await meanwhile(clock, words)
  return { words, result: await work, most }
}
const file = (path: string, pieces: string[], change: object = {}): Output => ({
  type: 'file',
  path,
  format: 'text',
  async *body() {
    for (const piece of pieces) {
      await turn()
      yield Buffer.from(piece)
    }
  },
  ...change,
})
const kinds = (words: NodeWord[]) => words.map(({ kind }) => kind).join(' ')

describe('what a host task says', () => {
  it('is each output as a whole, however many collectors are at work, and no faster than it is taken', async () => {
    const two = async function* (this: void) {
      yield file('a', ['1', '2', '3'])
      yield file('b', ['4', '5'])
    }
    const { words, result, most } = await run({ one: two, other: two, third: two })
    const wanted = /^(?:(?:output(?: piece){2,3} end|report) ?){9}$/
    expect(kinds(words)).toMatch(wanted)
    expect(result).toEqual({ ran: 3 })
    expect(most).toBe(1)
    expect(words.filter((word) => word.kind === 'report').map(({ entry, state }) => [entry, state])).toHaveLength(3)
  })

  it('is a large output in pieces, and one that cannot be read with what stands in for it', async () => {
    const { words } = await run({
      large: async function* () {
        yield { type: 'file', path: 'large', format: 'text', body: 'x'.repeat(100_000) }
        yield file('torn', ['half'], {
          async *body() {
            yield Buffer.from('half')
            throw new Error('EIO')
          },
          instead: (reason: string) => file('torn.error', [reason]),
        })
      },
    })
    expect(kinds(words)).toBe('output piece piece piece end output piece end output piece end report')
    expect(words[7]).toMatchObject({ problem: { message: 'EIO' } })
    expect(words.at(-2)).toEqual({ kind: 'end' })
    expect(Buffer.from(words[9]?.kind === 'piece' ? words[9].base64 : '', 'base64').toString()).toBe('EIO')
  })

  it('is all of a file that is larger than what is read of it before its turn', async () => {
    const pieces = Array.from({ length: 60 }, (_, index) => String(index % 10).repeat(10_000))
    const { words } = await run({
      large: async function* () {
        yield file('large', pieces)
      },
    })
    const got = words.map((word) => (word.kind === 'piece' ? Buffer.from(word.base64, 'base64').toString() : '')).join('')
    expect(got === pieces.join('')).toBe(true)
  })

  it('waits for no file whose reading hangs, but once it is at it', async () => {
    const hangs = new Promise<never>(() => undefined)
    const { words, result } = await run(
      {
        hung: async function* () {
          yield file('hung', [], {
            async *body() {
              yield Buffer.from('begin')
              await hangs
            },
          })
        },
        quick: async function* () {
          await turn()
          yield file('quick', ['all'])
        },
      },
      ['hung', 'quick'],
      async (clock, said) => {
        await settle(20)
        expect(kinds(said)).toBe('output piece end report')
        // The wall clock is no measure of how long something takes.
        clock.jump(3_600_000)
        await clock.advance(70_000)
      },
    )
    expect(result).toEqual({ ran: 1 })
    expect(kinds(words)).toBe('output piece end report output piece end report')
    expect(words.at(-1)).toMatchObject({ state: 'failed', problem: { code: 'COLLECTOR_TIMED_OUT' } })
    expect(words.filter((word) => word.kind === 'report').every(({ durationMs }) => durationMs <= 70_000)).toBe(true)
  })

  it('is what a collector warns of and fails with, and which it does not have', async () => {
    const { words, result } = await run(
      {
        bad: async function* () {
          yield { type: 'warning', code: 'LOW', message: 'careful', isLoss: true }
          throw pluginError('BROKEN', 'it broke', { class: 'bug' })
        },
      },
      ['absent', 'bad'],
    )
    expect(result).toEqual({ ran: 0 })
    expect(words).toEqual([
      expect.objectContaining({
        kind: 'report',
        entry: 0,
        state: 'failed',
        problem: expect.objectContaining({ code: 'COLLECTOR_UNKNOWN' }),
      }),
      { kind: 'warning', entry: 1, code: 'LOW', message: 'careful', isLoss: true },
      expect.objectContaining({ kind: 'report', entry: 1, state: 'failed', problem: { code: 'BROKEN', message: 'it broke' } }),
    ])
  })
})
