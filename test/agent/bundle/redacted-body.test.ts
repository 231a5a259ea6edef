import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fatal } from '../../../agent/bundle/fatal.ts'
import { type FileRedaction, redactedBody } from '../../../agent/bundle/redacted-body.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'
import type { Body } from '../../../core/contract/index.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-body-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const plain = (): FileRedaction => ({ push: (chunk) => [chunk], end: () => [] })
const redacting = () => createRedactor(defaultRules).file('x')

interface Change {
  redaction?: FileRedaction
  memoryBytes?: number
  outputBytes?: number
  signal?: AbortSignal
  file?: string
}
function read(body: Body, change: Change = {}) {
  const {
    redaction = plain(),
    memoryBytes = 1000,
    outputBytes = 1e9,
    signal = new AbortController().signal,
    file = join(folder, 'staged'),
  } = change
  return redactedBody('x', body, redaction, { memoryBytes, outputBytes }, { newFile: () => file, signal })
}
const contentOf = async (body: Awaited<ReturnType<typeof read>>) =>
  body.file ? readFile(body.file) : Buffer.from(body.bytes ?? [])
const pieces = (...all: Uint8Array[]): Body =>
  async function* () {
    yield* all
  }

describe('redactedBody', () => {
  it('is the same from memory and from a file, from text, bytes and pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 8 }),
        fc.constantFrom(0, 500, 1e6),
        async (all, memoryBytes) => {
          const whole = Buffer.concat(all)
          for (const body of [whole, pieces(...all)]) {
            await rm(join(folder, 'staged'), { force: true })
            const got = await read(body, { memoryBytes })
            expect(Buffer.compare(await contentOf(got), whole)).toBe(0)
            expect(got).toMatchObject({ size: whole.length, sha256: createHash('sha256').update(whole).digest('hex') })
            expect(got.file !== undefined).toBe(whole.length > memoryBytes)
          }
        },
      ),
      { numRuns: 50 },
    )
    expect(await contentOf(await read('text ü'))).toEqual(Buffer.from('text ü'))
    expect(await contentOf(await read(''))).toEqual(Buffer.alloc(0))
  })

  it.each([1e9, 10])('keeps nothing of a buffer that its owner fills anew (in memory up to %d)', async (memoryBytes) => {
    const buffer = Buffer.from('line one\n')
    const body = async function* () {
      yield buffer
      buffer.fill('password=')
      yield Buffer.from('line two\n')
      buffer.fill('password=')
    }
    const got = await read(body, { redaction: redacting(), memoryBytes })
    buffer.fill('password=')
    expect((await contentOf(got)).toString()).toBe('line one\nline two\n')
  })

  it('writes to the disk only what was redacted', async () => {
    const text = `${'nothing\n'.repeat(300)}password=hunter2hunter2\n`
    const got = await read(text.repeat(3), { redaction: redacting() })
    expect(got.file).toBeDefined()
    const content = (await contentOf(got)).toString()
    expect(content).not.toContain('hunter2')
    expect(content.match(/\*{3}HIDDEN\*{3}/g)).toHaveLength(3)
  })

  it('gives up above the limit, before the rest is read', async () => {
    let given = 0
    const endless: Body = async function* () {
      for (;;) yield Buffer.alloc(100, (given += 1))
    }
    await expect(read(endless, { outputBytes: 5000 })).rejects.toMatchObject({
      code: 'OUTPUT_REFUSED',
      message: expect.stringContaining('5000'),
    })
    expect(given).toBe(51)
    await expect(read('x'.repeat(5001), { outputBytes: 5000, memoryBytes: 1e6 })).rejects.toMatchObject({
      code: 'OUTPUT_REFUSED',
    })
    expect((await read('x'.repeat(5000), { outputBytes: 5000, memoryBytes: 1e6 })).size).toBe(5000)
  })

  it.each([
    [
      'text in pieces',
      async function* () {
        yield 'x'
      } as never,
    ],
    [
      'null in pieces',
      async function* () {
        yield null
      } as never,
    ],
    ['a number', 7 as never],
    ['nothing', undefined as never],
    ['an array', [1, 2] as never],
  ])('refuses %s', (_, body) => expect(read(body)).rejects.toThrow(TypeError))

  it('passes on what the body throws, and closes it', async () => {
    let closed = 0
    const body: Body = async function* () {
      try {
        yield Buffer.alloc(5000)
        throw new Error('gone')
      } finally {
        closed++
      }
    }
    await expect(read(body)).rejects.toThrow('gone')
    const broken: FileRedaction = {
      push: () => {
        throw new Error('rule')
      },
      end: () => [],
    }
    await expect(read(body, { redaction: broken })).rejects.toThrow('rule')
    expect(closed).toBe(2)
  })

  it('stops when the signal says so', async () => {
    const stop = new AbortController()
    const body: Body = async function* () {
      yield Buffer.from('a')
      stop.abort(new Error('over'))
      yield Buffer.from('b')
    }
    await expect(read(body, { signal: stop.signal })).rejects.toThrow('over')
  })

  it('a staged file that cannot be written is fatal', async () => {
    await expect(read('x'.repeat(5000), { file: join(folder, 'none', 'staged') })).rejects.toBeInstanceOf(Fatal)
    expect(await readdir(folder)).toEqual([])
  })
})
