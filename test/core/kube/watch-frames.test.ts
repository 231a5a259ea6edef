import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Frame, readFrames } from '../../../core/kube/watch-frames.ts'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function framesOf(text: string, size = 7): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const frame of readFrames(inPieces(Buffer.from(text), size))) frames.push(frame)
  return frames
}

it('gives the object of each line with the bytes that the server sent', async () => {
  const object = '{"metadata":{ "name":"ü","resourceVersion":"7"},"n":1.0}'
  const [frame] = await framesOf(`{"type":"ADDED","object":${object}}\n`)
  expect(frame).toMatchObject({ type: 'ADDED', resourceVersion: '7' })
  expect(frame?.object.text).toBe(object)
})

it('reads lines of another spelling, at the cost of the bytes', async () => {
  const [frame] = await framesOf('{"object": {"metadata": {"resourceVersion": "8"}}, "type": "DELETED"}\n')
  expect(frame).toMatchObject({ type: 'DELETED', resourceVersion: '8' })
  expect(frame?.object.json).toEqual({ metadata: { resourceVersion: '8' } })
  expect(JSON.parse(frame?.object.text ?? '')).toEqual(frame?.object.json)
})

it('leaves out a line that the end cut short, and empty lines', async () => {
  expect(await framesOf('\n{"type":"ADDED","object":{}}\n\n{"type":"ADDED","obj')).toHaveLength(1)
})

it('throws what an ERROR says', async () => {
  const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' }
  await expect(framesOf(`{"type":"ERROR","object":${JSON.stringify(status)}}\n`)).rejects.toMatchObject({
    status: 410,
    reason: 'Expired',
    said: status.message,
  })
  await expect(framesOf('{"type":"ERROR","object":{}}\n')).rejects.toMatchObject({ status: 500 })
})

it.each(['nonsense\n', '{"type":"ADDED"}\n', 'null\n', '{"type":"ADDED","object":null}\n'])('distrusts %j', async (text) => {
  await expect(framesOf(text)).rejects.toBeInstanceOf(SyntaxError)
})

it('reads any objects, cut anywhere', async () => {
  const objects = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(objects, fc.integer({ min: 1, max: 50 }), async (list, size) => {
      const items = list.map(({ metadata: _, ...object }) => JSON.stringify(object))
      const frames = await framesOf(items.map((item) => `{"type":"MODIFIED","object":${item}}\n`).join(''), size)
      expect(frames.map((frame) => frame.object.text)).toEqual(items)
    }),
    { numRuns: 60 },
  )
})
