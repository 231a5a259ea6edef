import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import { decodeMessages, encodeMessage, FromTask, TaskRequest, ToTask } from '../../core/task.ts'

async function* streamOf<Piece>(pieces: Iterable<Piece>): AsyncGenerator<Piece> {
  yield* pieces
}

async function decoded<Schema extends z.ZodType>(pieces: Iterable<Uint8Array | string>, schema: Schema) {
  const found: z.infer<Schema>[] = []
  try {
    for await (const message of decodeMessages(streamOf(pieces), schema)) found.push(message)
  } catch (error) {
    return { found, error }
  }
  return { found, error: undefined }
}

const PROTOCOL = { code: 'TASK_PROTOCOL' }
const STEP = { type: 'step', name: 'x' } as const

/** Cut into pieces at these places, also in the middle of a character. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

describe('decodeMessages', () => {
  it('gives back what was encoded, however the bytes are cut', async () => {
    const message = fc.oneof(
      fc.record({ type: fc.constant('step' as const), name: fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()) }),
      fc.record({ type: fc.constant('output' as const), path: fc.string(), bytes: fc.nat() }),
      fc.record({ type: fc.constant('done' as const), result: fc.jsonValue() }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 20 }), async (messages, places) => {
        const bytes = Buffer.from(messages.map(encodeMessage).join(''))
        const { found, error } = await decoded(cut(bytes, places), FromTask)
        expect(error).toBeUndefined()
        expect(found).toEqual(JSON.parse(JSON.stringify(messages)))
      }),
    )
  })

  it.each([
    ['no JSON', 'what?\n'],
    ['another type', '{"type":"sing"}\n'],
    ['a field of another type', '{"type":"output","path":1,"bytes":0}\n'],
    ['a missing field', '{"type":"step"}\n'],
    ['no object', '7\n'],
    ['the other direction', encodeMessage({ type: 'cancel', reason: '', graceMs: 0 })],
  ])('%s ends it, after what was right', async (_, text) => {
    const { found, error } = await decoded([encodeMessage(STEP), text, encodeMessage(STEP)], FromTask)
    expect(found).toEqual([STEP])
    expect(error).toMatchObject(PROTOCOL)
  })

  it('takes text as well, passes over empty lines and over a last line without its end', async () => {
    const { found, error } = await decoded(['\n  \n', encodeMessage(STEP), '\r\n', '{"type":"step","na'], FromTask)
    expect({ found, error }).toEqual({ found: [STEP], error: undefined })
  })

  it('refuses a line of more than 8 Mi characters, whole or in pieces, and takes one that fits', async () => {
    const limit = 8 * 1024 * 1024
    const line = (length: number) =>
      JSON.stringify({ type: 'step', name: 'x'.repeat(length - JSON.stringify({ type: 'step', name: '' }).length) })
    expect((await decoded([`${line(limit)}\n`], FromTask)).found).toHaveLength(1)
    expect((await decoded([`${line(limit + 1)}\n`], FromTask)).error).toMatchObject(PROTOCOL)
    const endless = function* () {
      for (let pieces = 0; pieces < 1000; pieces++) yield 'x'.repeat(65_536)
      throw new Error('all of it was read')
    }
    expect((await decoded(endless(), FromTask)).error).toMatchObject(PROTOCOL)
  })
})

describe('requests', () => {
  const run = { id: 'a.1', job: 'a', namespace: '', slot: '2026-01-01T02:00:00.000Z', trigger: 'schedule' }
  const through = (request: object) => ToTask.parse(JSON.parse(encodeMessage({ type: 'start', request: request as TaskRequest })))

  it('of a first delivery have no state yet', () => {
    const request = {
      task: 'deliver',
      run,
      target: { uploader: 'local', config: {} },
      bundle: { path: 'p', fileName: 'f', size: 1, sha256: '' },
      state: undefined,
      timeoutMs: 1,
      pluginFolders: [],
    }
    expect(through(request)).toMatchObject({ request: { task: 'deliver', target: { secrets: {} } } })
  })

  it('redact unless they say otherwise', () => {
    const request = {
      task: 'run',
      run,
      workFolder: '/w',
      fileName: 'f',
      specs: [],
      analyze: true,
      timeoutMs: 1,
      limits: { bundleBytes: 1, outputBytes: 1 },
      pluginFolders: [],
    }
    expect(through(request)).toMatchObject({ request: { redact: true } })
  })

  it('name a task that there is, and a slot that is an instant', () => {
    expect(TaskRequest.safeParse({ task: 'sing', pluginFolders: [] }).success).toBe(false)
    expect(TaskRequest.safeParse({ task: 'plugins', pluginFolders: [] }).success).toBe(true)
    const request = {
      task: 'prune',
      run: { ...run, slot: 'today' },
      target: { uploader: 'x', config: {} },
      retention: { keepLast: 1, maxAgeMs: 1, keepLastGood: true },
      timeoutMs: 1,
      pluginFolders: [],
    }
    expect(TaskRequest.safeParse(request).success).toBe(false)
    expect(TaskRequest.safeParse({ ...request, run }).success).toBe(true)
  })

  it('an uploader may forget its state', () => {
    expect(FromTask.parse(JSON.parse(encodeMessage({ type: 'state', value: undefined, id: 1 })))).toEqual({
      type: 'state',
      id: 1,
    })
  })
})
