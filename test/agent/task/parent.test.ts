import { describe, expect, it } from 'vitest'
import { createParent } from '../../../agent/task/parent.ts'
import type { FromTask } from '../../../core/task.ts'
import { settle } from '../../support/clock.ts'

function start() {
  const said: FromTask[] = []
  return { said, parent: createParent((message) => void said.push(message)) }
}
const never = new AbortController().signal

describe('a state of an uploader', () => {
  it('is kept when the parent says so, whichever was asked first', async () => {
    const { said, parent } = start()
    const ended: string[] = []
    const first = parent.keepState('a', never).then(() => ended.push('a'))
    const second = parent.keepState('b', never).then(() => ended.push('b'))
    expect(said).toEqual([
      { type: 'state', value: 'a', id: 1 },
      { type: 'state', value: 'b', id: 2 },
    ])
    await settle()
    expect(ended).toEqual([])
    parent.answer({ type: 'kept', id: 2 })
    await second
    expect(ended).toEqual(['b'])
    parent.answer({ type: 'kept', id: 1 })
    await first
  })

  it('that is not kept is an error after which there is another try', async () => {
    const { parent } = start()
    const kept = parent.keepState('a', never)
    parent.answer({ type: 'kept', id: 1, problem: { code: 'DISK_FULL', message: 'no space', remedy: 'free some' } })
    await expect(kept).rejects.toMatchObject({
      code: 'UPLOAD_FAILED',
      message: 'the state of the upload was not kept: no space',
      remedy: 'free some',
      class: 'retryable',
    })
  })

  it('is not waited for after a cancel', async () => {
    const { parent } = start()
    const stop = new AbortController()
    const kept = parent.keepState('a', stop.signal)
    stop.abort(new Error('cancelled'))
    await expect(kept).rejects.toThrow('cancelled')
    parent.answer({ type: 'kept', id: 1 })
  })
})

describe('tokens', () => {
  it('come in the order in which they were asked for', async () => {
    const { said, parent } = start()
    const tokens = [parent.needToken(), parent.needToken()]
    expect(said).toEqual([{ type: 'need-token' }, { type: 'need-token' }])
    parent.answer({ type: 'token', token: 'one' })
    parent.answer({ type: 'token', token: 'two' })
    parent.answer({ type: 'token', token: 'not asked for' })
    expect(await Promise.all(tokens)).toEqual(['one', 'two'])
  })
})
