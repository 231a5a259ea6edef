import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { deliverTask } from '../../../agent/delivery/deliver.ts'
import {
  type Bundle,
  CONTRACT,
  pluginError,
  type Receipt,
  type UploaderContext,
  type UploaderPlugin,
} from '../../../core/contract/index.ts'
import { fail } from '../../../core/errors.ts'
import type { DeliverRequest, FromTask } from '../../../core/task.ts'
import { FakeClock, settle } from '../../support/clock.ts'
import { loaderOf } from './loader-of.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sbs-deliver-'))
  await writeFile(join(folder, 'bundle'), CONTENT)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const CONTENT = '0123456789'
const SHA256 = '84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882'
const SECRET = 'tr0ub4dor&3-secret'

const uploader = (upload: UploaderPlugin['upload']): UploaderPlugin => ({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Uploader',
    name: 'box',
    version: '1.0.0',
    summary: 'x',
    schemes: ['box'],
    secretKeys: [
      { name: 'key', required: true, why: 'x' },
      { name: 'other', required: false, why: 'x' },
    ],
  },
  configSchema: z.strictObject({ bucket: z.string().optional() }),
  upload,
})
const receipt = (change: Partial<Receipt> = {}): Receipt => ({
  location: 'box://a/b',
  size: 10,
  checksum: undefined,
  verified: true,
  ...change,
})

const keepNone = () => Promise.reject(new Error('not asked for'))

function start(
  plugin: UploaderPlugin,
  change: Partial<DeliverRequest> = {},
  keepState: (value: unknown, signal: AbortSignal) => Promise<void> = keepNone,
) {
  const said: FromTask[] = []
  const stop = new AbortController()
  const clock = new FakeClock()
  const request: DeliverRequest = {
    task: 'deliver',
    run: { id: 'a.1', job: 'a', namespace: 'n', slot: '2026-01-01T02:00:00.000Z', trigger: 'schedule' },
    target: { uploader: 'box', config: {}, secrets: { key: SECRET } },
    bundle: { path: join(folder, 'bundle'), fileName: 'a.tar.gz', size: 10, sha256: SHA256 },
    state: undefined,
    timeoutMs: 60_000,
    pluginFolders: [],
    ...change,
  }
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const result = deliverTask(request, {
    clock,
    loader: loaderOf(plugin),
    log,
    signal: stop.signal,
    say: (message) => void said.push(message),
    keepState,
  })
  return { result, said, stop, clock }
}
const deliver = (upload: UploaderPlugin['upload'], change?: Partial<DeliverRequest>) => start(uploader(upload), change).result

describe('one try', () => {
  it('gives the uploader the bundle, its config, secrets and identity, and passes the receipt on', async () => {
    let seen: { context: UploaderContext<unknown>; bundle: Bundle } | undefined
    const content = async (source: AsyncIterable<Uint8Array>) => {
      let text = ''
      for await (const chunk of source) text += Buffer.from(chunk).toString()
      return text
    }
    const read: string[] = []
    const got = receipt({ checksum: { algorithm: 'sha256', value: SHA256 } })
    const result = await deliver(
      async (context, bundle) => {
        seen = { context, bundle }
        read.push(
          await content(bundle.open()),
          await content(bundle.open()),
          await content(bundle.open({ start: 2, end: 5 })),
          await content(bundle.open({ start: 7 })),
        )
        return { ...got, extra: SECRET }
      },
      { target: { uploader: 'box', config: { bucket: 'b' }, secrets: { key: SECRET, theirs: 'not for it' } } },
    )
    expect(result).toEqual({ receipt: got })
    expect(read).toEqual([CONTENT, CONTENT, '234', '789'])
    expect(seen?.context).toMatchObject({ config: { bucket: 'b' }, run: { job: 'a', slot: new Date('2026-01-01T02:00:00Z') } })
    expect(seen?.context.secret('key')).toBe(SECRET)
    expect(() => seen?.context.secret('other')).toThrow('the secret key "other" was not given')
    expect(() => seen?.context.secret('theirs')).toThrow('its manifest names no secret key "theirs"')
    expect(seen?.bundle).toMatchObject({ fileName: 'a.tar.gz', size: 10, sha256: SHA256 })
    expect(seen?.bundle).not.toHaveProperty('path')
  })

  it.each([
    ['another size', receipt({ size: 9 }), '9 of 10 bytes arrived'],
    ['another checksum', receipt({ checksum: { algorithm: 'sha256', value: 'ab' } }), 'other bytes arrived'],
    ['nothing', undefined as never, 'no receipt'],
    ['no location', receipt({ location: undefined as never }), 'no receipt with a location'],
  ])('a receipt of %s is a failure to be tried again', async (_, got, reason) => {
    expect(await deliver(async () => got)).toMatchObject({
      error: { code: 'UPLOAD_FAILED', class: 'retryable', message: expect.stringContaining(reason) },
    })
  })

  it('takes checksums of other kinds as they are', async () => {
    const got = receipt({ checksum: { algorithm: 'crc32c', value: 'x' } })
    expect(await deliver(async () => got)).toEqual({ receipt: got })
  })
})

describe('what goes wrong', () => {
  it("is told in the uploader's words and class", async () => {
    const error = pluginError('BUCKET_MISSING', 'there is no bucket', { class: 'config', remedy: 'make one', retryAfterMs: 5000 })
    expect(
      await deliver(async () => {
        throw error
      }),
    ).toEqual({
      error: { code: 'BUCKET_MISSING', message: 'there is no bucket', class: 'config', remedy: 'make one', retryAfterMs: 5000 },
    })
  })

  it.each([
    ['plain error', new Error('socket closed'), 'upload with "box" failed: socket closed'],
    ['text', 'socket closed', 'upload with "box" failed: socket closed'],
    ['something odd', Object.create(null), 'upload with "box" failed: something was thrown that cannot be shown'],
  ])('a %s is tried again', async (_, thrown, message) => {
    expect(
      await deliver(async () => {
        throw thrown
      }),
    ).toMatchObject({ error: { code: 'UPLOAD_FAILED', class: 'retryable', message } })
  })

  it('with odd members, is made plain', async () => {
    const error = Object.assign(pluginError('not a code', 'x', { class: 'config' }), {
      class: 'mine',
      retryAfterMs: Number.NaN,
      remedy: 7,
    })
    expect(
      await deliver(async () => {
        throw error
      }),
    ).toEqual({ error: { code: 'UPLOAD_FAILED', message: 'x', class: 'bug', remedy: '7' } })
  })

  it.each([
    ['an unknown uploader', { uploader: 'bix', config: {}, secrets: {} }, 'UPLOADER_UNKNOWN', 'did you mean "box"'],
    ['an unknown key', { uploader: 'box', config: { bukket: 1 }, secrets: {} }, 'UPLOADER_CONFIG', 'bukket: not a known key'],
    ['a wrong value', { uploader: 'box', config: { bucket: 1 }, secrets: {} }, 'UPLOADER_CONFIG', 'bucket: '],
  ])('%s is a matter of the config', async (_, target, code, message) => {
    let calls = 0
    const result = await deliver(async () => (calls++, receipt()), { target })
    expect(result).toMatchObject({ error: { code, class: 'config', message: expect.stringContaining(message) } })
    expect(calls).toBe(0)
  })

  it('never shows a secret: in messages, remedies, reasons and locations', async () => {
    const encoded = encodeURIComponent(SECRET)
    const throwing = [
      new Error(`PUT https://box/?key=${encoded} failed`),
      pluginError('DENIED', `key ${SECRET} was refused`, { class: 'permission', remedy: `do not use ${SECRET}` }),
      fail('UPLOAD_FAILED', { name: 'box', reason: SECRET, remedy: SECRET }),
      new Error(`password=otherpassword and ${Buffer.from(`user:${SECRET}`).toString('base64')}`),
      SECRET,
    ]
    for (const error of throwing) {
      const text = JSON.stringify(
        await deliver(async () => {
          throw error
        }),
      )
      for (const word of [
        SECRET,
        JSON.stringify(SECRET).slice(1, -1),
        encoded,
        'otherpassword',
        Buffer.from(SECRET).toString('base64').slice(2, -4),
      ])
        expect(text).not.toContain(word)
      expect(text).toContain('***HIDDEN***')
    }
    const location = `https://box/a?X-Amz-Signature=abcdef0123456789&token=${encoded}`
    const { receipt: got } = await deliver(async () => receipt({ location }))
    expect(got?.location).not.toContain('abcdef')
    expect(got?.location).not.toContain(encoded)
    const plain = 'file:///var/backups/nightly/nightly-20260101T020000Z.tar.gz'
    expect((await deliver(async () => receipt({ location: plain }))).receipt?.location).toBe(plain)
  })

  it('a bundle that is gone is an error of this try', async () => {
    const result = await deliver(
      async (_, bundle) => {
        for await (const chunk of bundle.open()) void chunk
        return receipt()
      },
      { bundle: { path: join(folder, 'gone'), fileName: 'x', size: 10, sha256: '' } },
    )
    expect(result).toMatchObject({ error: { code: 'UPLOAD_FAILED', message: expect.stringContaining('ENOENT') } })
  })
})

describe('state', () => {
  it('is what was kept, and the uploader waits until it is', async () => {
    const seen: unknown[] = []
    const kept = Promise.withResolvers<void>()
    const { result } = start(
      uploader(async ({ state }) => {
        seen.push(state.get())
        await state.set({ upload: 2 })
        seen.push(state.get())
        throw new Error('later')
      }),
      { state: { upload: 1 } },
      (value) => (seen.push(['kept', value]), kept.promise),
    )
    await settle()
    expect(seen).toEqual([{ upload: 1 }, ['kept', { upload: 2 }]])
    kept.resolve()
    expect(await result).toMatchObject({ error: { code: 'UPLOAD_FAILED' } })
    expect(seen.slice(2)).toEqual([{ upload: 2 }])
  })

  it('that could not be kept is not what it has, and fails the try', async () => {
    let after: unknown
    const { result } = start(
      uploader(async ({ state }) => {
        await state.set(2).finally(() => (after = state.get()))
        return receipt()
      }),
      { state: 1 },
      () => Promise.reject(pluginError('UPLOAD_FAILED', 'no room', { class: 'retryable', remedy: 'make some' })),
    )
    const error = { code: 'UPLOAD_FAILED', message: 'no room', remedy: 'make some', class: 'retryable' }
    expect(await result).toEqual({ error })
    expect(after).toBe(1)
  })

  it('is waited for no longer than the uploader has time', async () => {
    const signals: AbortSignal[] = []
    const keep = (_: unknown, signal: AbortSignal) =>
      new Promise<void>((_resolve, reject) => {
        signals.push(signal)
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    const { result, clock } = start(
      uploader(async ({ state }) => (await state.set(1), receipt())),
      {},
      keep,
    )
    await clock.advance(60_100)
    expect(await result).toMatchObject({ error: { message: expect.stringContaining('did not end in time') } })
    expect(signals).toHaveLength(1)
  })

  it.each([
    ['too large', 'x'.repeat(300_000)],
    ['no JSON', { big: 1n }],
  ])('that is %s is refused', async (_, value) => {
    const kept: unknown[] = []
    const { result } = start(
      uploader(async ({ state }) => {
        await state.set(value)
        return receipt()
      }),
      {},
      async (one) => void kept.push(one),
    )
    expect(await result).toMatchObject({ error: { code: 'UPLOAD_FAILED' } })
    expect(kept).toEqual([])
  })
})

describe('time and cancel', () => {
  it('an uploader is told when its time is over, and is left behind 2 s later', async () => {
    let told: unknown
    const { result, clock } = start(
      uploader(async ({ signal }) => {
        signal.addEventListener('abort', () => (told = signal.reason))
        return new Promise(() => {})
      }),
    )
    let outcome: unknown
    void result.then((value) => (outcome = value))
    await settle()
    await clock.advance(59_000)
    expect(told).toBeUndefined()
    await clock.advance(1_500)
    expect(told).toMatchObject({ code: 'UPLOAD_FAILED' })
    expect(outcome).toBeUndefined()
    await clock.advance(2_000)
    expect(outcome).toMatchObject({
      error: { code: 'UPLOAD_FAILED', class: 'retryable', message: expect.stringContaining('did not end in time') },
    })
  })

  it('what an uploader does when its time is over counts', async () => {
    const { result, clock } = start(
      uploader(({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(receipt())))),
    )
    await settle()
    await clock.advance(60_500)
    expect(await result).toMatchObject({ receipt: { location: 'box://a/b' } })
  })

  it('a cancel reaches it as its signal', async () => {
    const { result, stop } = start(
      uploader(
        ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      ),
    )
    await settle()
    stop.abort(fail('TASK_CANCELLED', { reason: 'stop' }))
    expect(await result).toMatchObject({ error: { code: 'TASK_CANCELLED' } })
  })
})
