import { describe, expect, it } from 'vitest'
import { fail } from '../../core/errors.ts'
import { createNodeRelay, type NodesWork } from '../../core/node-relay.ts'
import type { NodeWord } from '../../core/node-words.ts'
import type { FromTask, ToTask } from '../../core/task.ts'
import { settle } from '../support/clock.ts'

const piece = (index: number): NodeWord => ({ kind: 'piece', base64: String(index) })
const WANTED: FromTask = { type: 'want-nodes', entries: [], timeoutMs: 1000 }

function relayOf(work?: NodesWork) {
  const sent: ToTask[] = []
  const relay = createNodeRelay((message) => void sent.push(message), work)
  const said = () =>
    sent.map((message) => (message.type === 'node' ? `${message.node} ${JSON.stringify(message.word)}` : message.type))
  return { relay, sent, said }
}

describe('what a parent says of nodes', () => {
  it('is which there are, their words, and that it is over', async () => {
    const { relay, sent } = relayOf(async ({ timeoutMs }, listener) => {
      listener.nodes(['a', 'b'])
      await listener.say('b', piece(timeoutMs))
    })
    relay.take(WANTED)
    await settle()
    expect(sent).toEqual([
      { type: 'nodes', names: ['a', 'b'] },
      { type: 'node', node: 'b', word: piece(1000) },
      { type: 'nodes-over' },
    ])
  })

  it.each<[string, NodesWork | undefined, object]>([
    ['why there are none', () => Promise.reject(fail('HOST_REFUSED', { key: 'memory' })), { code: 'HOST_REFUSED' }],
    ['that nobody looks at them', undefined, { message: expect.stringContaining('nobody looks at nodes') }],
  ])('is %s', async (_, work, problem) => {
    const { relay, sent } = relayOf(work)
    relay.take(WANTED)
    await settle()
    expect(sent).toEqual([{ type: 'nodes-over', problem: expect.objectContaining(problem) }])
  })

  it('is asked for once', async () => {
    let count = 0
    const { relay } = relayOf(async () => void count++)
    relay.take(WANTED)
    relay.take(WANTED)
    await relay.stop()
    expect(count).toBe(1)
  })
})

describe('words on their way', () => {
  /** Says ten words of a, and one of b after each. */
  const talkative: NodesWork = async (_, listener) => {
    await Promise.all([
      (async () => {
        for (let index = 0; index < 10; index++) await listener.say('a', piece(index))
      })(),
      listener.say('b', piece(0)),
    ])
  }

  it('are few for each node until they are heard', async () => {
    const { relay, said } = relayOf(talkative)
    relay.take(WANTED)
    await settle()
    expect(said().filter((word) => word.startsWith('a'))).toHaveLength(4)
    expect(said()).toContain('b {"kind":"piece","base64":"0"}')
    relay.take({ type: 'node-heard', node: 'b' })
    relay.take({ type: 'node-heard', node: 'nobody' })
    await settle()
    expect(said().filter((word) => word.startsWith('a'))).toHaveLength(4)
    relay.take({ type: 'node-heard', node: 'a' })
    await settle()
    expect(said().filter((word) => word.startsWith('a'))).toHaveLength(5)
    for (let index = 0; index < 9; index++) relay.take({ type: 'node-heard', node: 'a' })
    await settle()
    expect(
      said()
        .filter((word) => word.startsWith('a'))
        .map((word) => /"(\d)"/.exec(word)?.[1]),
    ).toEqual([...'0123456789'])
    expect(said().at(-1)).toBe('nodes-over')
  })

  it('are no more once the task has ended, and its end waits for the work', async () => {
    const cleared = Promise.withResolvers<void>()
    const { relay, said } = relayOf(async (wanted, listener, signal) => {
      await talkative(wanted, listener, signal).catch(() => undefined)
      expect(signal.aborted).toBe(true)
      await expect(listener.say('c', piece(0))).rejects.toThrow('the run has ended')
      await cleared.promise
    })
    relay.take(WANTED)
    await settle()
    let isStopped = false
    const stopped = relay.stop().then(() => (isStopped = true))
    await settle()
    expect(isStopped).toBe(false)
    cleared.resolve()
    await stopped
    expect(said().filter((word) => word.startsWith('c'))).toEqual([])
  })
})
