import { describe, expect, it } from 'vitest'
import { createSilentNodes } from '../../../../agent/task/kube/silent-nodes.ts'
import type { LogSource, RawObject } from '../../../../core/contract/index.ts'
import { KubeStatusError } from '../../../../core/kube/status-error.ts'
import { FakeClock } from '../../../support/clock.ts'

const onNode = (nodeName: string | undefined): LogSource => {
  const json = { spec: nodeName === undefined ? {} : { nodeName } }
  return { namespace: 'n', name: 'p', container: 'c', object: { json, text: JSON.stringify(json) } as RawObject }
}

describe('logs of a node', () => {
  /** What reading each log gave: its text, or the message of its error. */
  function world() {
    const clock = new FakeClock()
    const nodes = createSilentNodes(clock)
    const read = async (node: string | undefined, { waitMs = 0, gives = '', error = undefined as Error | undefined } = {}) => {
      let isAsked = false
      async function* log() {
        isAsked = true
        await clock.advance(waitMs)
        if (gives) yield Buffer.from(gives)
        if (error) throw error
      }
      let text = ''
      try {
        for await (const piece of nodes.read(onNode(node), log)) text += Buffer.from(piece).toString()
      } catch (thrown) {
        text += `! ${(thrown as Error).message}`
      }
      return { isAsked, text }
    }
    return { read }
  }
  const broken = Object.assign(new Error('no answer'), { class: 'retryable' })
  const VAIN = { waitMs: 2000, error: broken }

  it('are not asked for after four in a row that were waited for in vain', async () => {
    const { read } = world()
    for (let index = 0; index < 4; index++) expect(await read('a', VAIN)).toEqual({ isAsked: true, text: '! no answer' })
    expect(await read('a', VAIN)).toEqual({
      isAsked: false,
      text: '! node "a" gave none of several logs that were asked for before',
    })
    expect((await read('b', VAIN)).isAsked).toBe(true)
    expect((await read(undefined, VAIN)).isAsked).toBe(true)
  })

  it.each<[string, Parameters<ReturnType<typeof world>['read']>[1]]>([
    ['one that comes', { gives: 'a line\n' }],
    ['one that is empty', {}],
    ['one that breaks off', { waitMs: 2000, gives: 'a', error: broken }],
  ])('begin to count anew after %s', async (_, between) => {
    const { read } = world()
    for (let index = 0; index < 3; index++) await read('a', VAIN)
    await read('a', between)
    for (let index = 0; index < 4; index++) expect((await read('a', VAIN)).isAsked).toBe(true)
    expect((await read('a', VAIN)).isAsked).toBe(false)
  })

  it('are not asked for any more once the server said that the node is gone', async () => {
    const notFound = (name: string) => {
      const document = { reason: 'NotFound', message: `pods "${name}" not found`, details: { name, kind: 'pods' } }
      return new KubeStatusError('GET /log', { status: 404, retryAfterMs: undefined, document })
    }
    const { read } = world()
    // That is the pod, not its node.
    for (let index = 0; index < 3; index++) expect((await read('a', { error: notFound('p') })).isAsked).toBe(true)
    expect((await read('p', { error: notFound('p') })).isAsked).toBe(true)
    expect((await read('p', { error: notFound('p') })).isAsked).toBe(true)
    expect((await read('a', { error: notFound('a') })).isAsked).toBe(true)
    expect(await read('a', {})).toEqual({ isAsked: false, text: '! node "a" is gone, and the logs of its pods with it' })
    expect((await read('b', {})).isAsked).toBe(true)
  })

  it.each<[string, Parameters<ReturnType<typeof world>['read']>[1]]>([
    ['are refused at once', { error: broken }],
    ['are not granted', { waitMs: 2000, error: Object.assign(new Error('no'), { class: 'permission' }) }],
  ])('are all asked for when they %s', async (_, refusal) => {
    const { read } = world()
    for (let index = 0; index < 9; index++) expect((await read('a', refusal)).isAsked).toBe(true)
  })
})
