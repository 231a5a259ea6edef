import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Archive } from '../../../agent/bundle/archive.ts'
import { Fatal } from '../../../agent/bundle/fatal.ts'
import { createSink } from '../../../agent/bundle/sink.ts'
import { createRedactor, type Redactor } from '../../../agent/redaction/redactor.ts'
import type { LineRule } from '../../../agent/redaction/rule.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-sink-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

function start(redactor: Redactor = createRedactor(defaultRules)) {
  const entries = new Map<string, Buffer>()
  const archive: Archive = {
    bytes: 0,
    add: async (path, content) => void entries.set(path, Buffer.from(content)),
    addFile: async (path, _, size) => void entries.set(path, Buffer.from(`${size} bytes`)),
    link: async () => undefined,
    finish: () => Promise.reject(new Error('not here')),
    abort: async () => undefined,
  }
  const sink = createSink({ archive, redactor, taps: [], workFolder: folder, limits: { bundleBytes: 1e6, outputBytes: 1e5 } })
  const take = (path: string, body: Uint8Array) =>
    sink.take({ type: 'file', path, format: 'binary', body }, new AbortController().signal)
  return { entries, take, sink }
}

describe('a binary output', () => {
  it('is opened and redacted when it is an archive', async () => {
    const { entries, take, sink } = start()
    const bytes = await take('a.log.gz', gzipSync('password=hunter2\n'))
    const stored = entries.get('a.log.gz') ?? Buffer.alloc(0)
    expect(stored.length).toBe(bytes)
    expect(gunzipSync(stored).toString()).toBe('password=***HIDDEN***\n')
    expect(new Map(sink.checksums()).has('a.log.gz')).toBe(true)
  })

  it('is left out when it is none, or one that is too large', async () => {
    const { entries, take } = start()
    const refused = { code: 'OUTPUT_REFUSED' }
    await expect(take('a.bin', Buffer.from('x'))).rejects.toMatchObject(refused)
    await expect(take('b.gz', Buffer.from('password=hunter2'))).rejects.toMatchObject(refused)
    await expect(take('c.gz', gzipSync(Buffer.alloc(2e5)))).rejects.toMatchObject(refused)
    expect([...entries]).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })

  it('ends the run when a rule breaks inside of it', async () => {
    const spare = () => {
      throw new TypeError('oops')
    }
    const broken: LineRule = { kind: 'line', name: 'broken', literals: [['a']], pattern: /(?<mask>a)/g, spare }
    const { entries, take } = start(createRedactor([broken]))
    await expect(take('a.gz', gzipSync('a'))).rejects.toBeInstanceOf(Fatal)
    expect([...entries]).toEqual([])
  })
})
