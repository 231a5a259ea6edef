import { describe, expect, it } from 'vitest'
import { onceBody } from '../../../../core/contract/pods/index.ts'

async function* pieces() {
  yield Buffer.from('a')
  yield Buffer.from('b')
}
const textOf = async (stream: AsyncIterable<Uint8Array>) => {
  let text = ''
  for await (const piece of stream) text += Buffer.from(piece).toString()
  return text
}
const TOO_LATE = 'this body can be read once, before the next output is asked for'

describe('a body that is part of a stream', () => {
  it('is read once', async () => {
    const body = onceBody(pieces)
    expect(await textOf(body.open())).toBe('ab')
    expect(body.close()).toBe(true)
    await expect(textOf(body.open())).rejects.toThrow(TOO_LATE)
  })

  it('is not read later', async () => {
    const body = onceBody(pieces)
    expect(body.close()).toBe(false)
    await expect(textOf(body.open())).rejects.toThrow(TOO_LATE)
  })

  it('is not read on by a reader who was left behind', async () => {
    const body = onceBody(pieces)
    const reader = body.open()[Symbol.asyncIterator]()
    expect((await reader.next()).done).toBe(false)
    expect(body.close()).toBe(false)
    await expect(reader.next()).rejects.toThrow(TOO_LATE)
  })

  it('is not read to its end by one who leaves it', async () => {
    const body = onceBody(pieces)
    for await (const _ of body.open()) break
    expect(body.close()).toBe(false)
  })
})
