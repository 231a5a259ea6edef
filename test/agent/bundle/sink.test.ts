import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Archive } from '../../../agent/bundle/archive.ts'
import { Fatal } from '../../../agent/bundle/fatal.ts'
import { createSink, type SinkEdge } from '../../../agent/bundle/sink.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import type { Rule } from '../../../agent/redaction/rule.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'
import type { Body, FileOutput } from '../../../core/contract/index.ts'
import { fail } from '../../../core/errors.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-sink-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

/** An archive that only remembers, and is as large as the test says. */
function fakeArchive() {
  const entries: string[] = []
  const archive: Archive & { bytes: number } = {
    bytes: 0,
    add: async (path, content) => void entries.push(`${path}=${Buffer.from(content).toString()}`),
    addFile: async (path, _, size) => void entries.push(`${path}: ${size} bytes`),
    link: async (path, target) => void entries.push(`${path} -> ${target}`),
    finish: () => Promise.reject(new Error('not here')),
    abort: async () => undefined,
  }
  return { archive, entries }
}

function start(change: Partial<SinkEdge> = {}) {
  const { archive, entries } = fakeArchive()
  const sink = createSink({
    archive,
    redactor: createRedactor(defaultRules),
    taps: [],
    workFolder: folder,
    limits: { bundleBytes: 1000, outputBytes: 8e6 },
    ...change,
  })
  const take = (path: string, body: Body = 'x', more: Partial<FileOutput> = {}) =>
    sink.take({ type: 'file', path, format: 'text', body, ...more }, new AbortController().signal)
  return { sink, archive, entries, take }
}
const LARGE = 'a line of text\n'.repeat(100_000)

describe('a sink', () => {
  it('takes an output redacted, with its links, its checksum and its size', async () => {
    const { sink, entries, take } = start()
    expect(await take('a/b', 'password=hunter2hunter2\n', { links: ['c', 'd/e'] })).toBe('password=***HIDDEN***\n'.length)
    expect(entries).toEqual(['a/b=password=***HIDDEN***\n', 'c -> a/b', 'd/e -> a/b'])
    expect([...new Map(sink.checksums()).keys()]).toEqual(['a/b'])
  })

  it('shows taps what they want, redacted, under each name; small and large', async () => {
    const seen: string[] = []
    const tap = {
      wants: (path: string) => path.startsWith('log'),
      file: (path: string, bytes: Uint8Array) =>
        void seen.push(`${path} ${bytes.length} ${Buffer.from(bytes).includes('hunter')}`),
    }
    const { take } = start({ taps: [tap] })
    await take('log/a', 'token=hunter2hunter2', { links: ['other', 'log/link'] })
    await take('log/large', `${LARGE}token=hunter2hunter2`)
    await take('none')
    expect(seen).toEqual([`log/a 18 false`, `log/link 18 false`, `log/large ${LARGE.length + 18} false`])
  })

  it('tells taps of what is too large to be shown', async () => {
    const seen: string[] = []
    const tap = {
      wants: (path: string) => path.startsWith('log'),
      file: (path: string) => void seen.push(`file ${path}`),
      passedOver: (path: string) => void seen.push(`passed over ${path}`),
    }
    const limits = { bundleBytes: 1000, outputBytes: 80 * 2 ** 20 }
    const { take } = start({ taps: [tap], redactor: createRedactor([]), limits })
    const piece = Buffer.alloc(2 ** 20, 'a line of text\n')
    async function* body() {
      for (let at = 0; at < 65; at++) yield piece
    }
    await take('log/huge', body, { links: ['log/link', 'other'] })
    await take('log/a')
    expect(seen).toEqual(['passed over log/huge', 'passed over log/link', 'file log/a'])
  })

  it('stages what is large, and removes it', async () => {
    let staged: string[] = []
    const { archive, entries } = fakeArchive()
    const { take } = start({
      archive: {
        ...archive,
        bytes: 0,
        addFile: async (path, file, size) => {
          staged = await readdir(folder)
          await archive.addFile(path, file, size)
        },
      },
    })
    await take('large', LARGE)
    expect(staged).toEqual(['staged-0'])
    expect(entries).toEqual([`large: ${LARGE.length} bytes`])
    expect(await readdir(folder)).toEqual([])
  })

  it('removes a staged file of an output that breaks off, and keeps nothing of it', async () => {
    const { sink, entries, take } = start()
    const body: Body = async function* () {
      yield Buffer.from(LARGE)
      throw new Error('gone')
    }
    await expect(take('a', body)).rejects.toThrow('gone')
    expect(await readdir(folder)).toEqual([])
    expect(entries).toEqual([])
    expect([...sink.checksums()]).toEqual([])
  })

  it('refuses before the body is opened', async () => {
    let opened = 0
    const body: Body = async function* () {
      opened++
      yield Buffer.from('x')
    }
    const { take } = start()
    await take('taken')
    await expect(take('../x', body)).rejects.toMatchObject({ code: 'OUTPUT_PATH' })
    await expect(take('taken', body)).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' })
    await expect(take('x', body, { links: ['taken'] })).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' })
    await expect(take('x', body, { links: 'y' as never })).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' })
    await expect(take('x', body, { format: 'binary' })).rejects.toMatchObject({
      code: 'OUTPUT_REFUSED',
      message: expect.stringContaining('binary'),
    })
    expect(opened).toBe(0)
    await take('x', body)
    expect(opened).toBe(1)
  })

  it('keeps the first of two that are read at the same time', async () => {
    const { entries, take } = start()
    const results = await Promise.allSettled([
      take('a', async function* () {
        await new Promise((resolve) => setImmediate(resolve))
        yield Buffer.from('first')
      }),
      take('a', 'second'),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(entries).toEqual(['a=first'])
  })

  it('takes nothing more once the bundle is too large, also not what was being read', async () => {
    const { archive, entries, take } = start()
    await take('first')
    const reading = take('second', async function* () {
      archive.bytes = 1001
      yield Buffer.from('x')
    })
    await expect(reading).rejects.toMatchObject({ code: 'BUNDLE_TOO_LARGE' })
    await expect(take('third')).rejects.toMatchObject({ code: 'BUNDLE_TOO_LARGE' })
    expect(entries).toEqual(['first=x'])
  })

  it('a line that is too long costs its file only', async () => {
    const { take, entries } = start({ redactor: createRedactor(defaultRules, { maxLineBytes: 100 }) })
    await expect(take('long', 'x'.repeat(200))).rejects.toMatchObject({ code: 'REDACTION_FAILED' })
    await take('short')
    expect(entries).toEqual(['short=x'])
  })

  it('a rule that breaks ends the run: when a file begins, in it, at its end', async () => {
    const breaking: Rule = {
      kind: 'line',
      name: 'broken',
      literals: [],
      pattern: /(?<mask>x)/g,
      spare: () => {
        throw new Error('spare broke')
      },
    }
    const sound = createRedactor([])
    const boom = () => {
      throw new TypeError('no')
    }
    for (const redactor of [
      createRedactor([breaking]),
      { ...sound, file: boom },
      { ...sound, file: () => ({ push: () => [], end: boom, counts: {} }) },
    ]) {
      const { sink, take, entries } = start({ redactor })
      const error = await take('a', 'x\n').catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(Fatal)
      expect(error).toMatchObject({ failure: { code: 'REDACTION_FAILED' } })
      await expect(sink.write('report.json', 'x\n')).rejects.toBeInstanceOf(Fatal)
      expect(entries).toEqual([])
    }
  })

  it('passes on that the archive is broken', async () => {
    const { archive } = fakeArchive()
    const full = new Fatal(fail('DISK_FULL', { what: 'the bundle', folder }))
    const { sink, take } = start({
      archive: { ...archive, add: () => Promise.reject(full), addFile: () => Promise.reject(full) },
    })
    await expect(take('a')).rejects.toBe(full)
    await expect(take('b', LARGE)).rejects.toBe(full)
    await expect(sink.write('c', 'x')).rejects.toBe(full)
    expect(await readdir(folder)).toEqual([])
  })

  it("redacts the host's own files, which no tap sees", async () => {
    const seen: string[] = []
    const { sink, entries } = start({ taps: [{ wants: () => true, file: (path) => void seen.push(path) }] })
    await sink.write('analysis.json', '{"message": "password=hunter2hunter2"}')
    expect(entries).toEqual(['analysis.json={"message": "password=***HIDDEN***"}'])
    expect(seen).toEqual([])
    expect(new Map(sink.checksums()).has('analysis.json')).toBe(true)
  })
})
