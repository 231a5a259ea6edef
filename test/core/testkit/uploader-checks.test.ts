import { expect, it } from 'vitest'
import { CONTRACT, pluginError, type UploaderPlugin } from '../../../core/contract/index.ts'
import { checkUploader, failed } from '../../../core/testkit/index.ts'

type Stored = Map<string, Uint8Array>

/** An uploader without a fault: into a Map. */
function toMemory(store: Stored = new Map()): UploaderPlugin {
  const key = (job: string, fileName: string) => `${job} ${fileName}`
  return {
    manifest: {
      apiVersion: CONTRACT,
      kind: 'Uploader',
      name: 'memory',
      version: '1.0.0',
      summary: 'a map',
      schemes: ['memory'],
      secretKeys: [{ name: 'token', required: true, why: 'to get in' }],
    },
    configSchema: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => (Object.keys(value as object).length > 0 ? { issues: [{ message: 'no keys' }] } : { value }),
      },
    },
    fromUrl: () => ({}),
    async verify(context) {
      context.secret('token')
    },
    async upload(context, bundle) {
      context.signal.throwIfAborted()
      context.secret('token')
      const chunks = []
      for await (const chunk of bundle.open()) {
        context.signal.throwIfAborted()
        chunks.push(chunk)
      }
      const bytes = Buffer.concat(chunks)
      if (bytes.length !== bundle.size) throw pluginError('SHORT', 'too short', { class: 'retryable' })
      store.set(key(context.run.job, bundle.fileName), bytes)
      return { location: `memory:${bundle.fileName}`, size: bytes.length, checksum: undefined, verified: true }
    },
    async *open(context, fileName) {
      yield store.get(key(context.run.job, fileName)) ?? new Uint8Array()
    },
    async *list(context) {
      for (const [name, { length }] of store) {
        const [job, fileName = ''] = name.split(' ')
        if (job === context.run.job) yield { fileName, size: length, at: context.clock.now() }
      }
    },
    async remove(context, fileName) {
      store.delete(key(context.run.job, fileName))
    },
  }
}

const SECRET = 'correct-horse-battery'
const check = (change: (plugin: UploaderPlugin, store: Stored) => Partial<UploaderPlugin>) => {
  const store: Stored = new Map()
  const plugin = toMemory(store)
  const options = { folder: 'memory', secrets: { token: SECRET, other: 'staple-staple' }, urls: ['memory:x'] }
  return checkUploader({ ...plugin, ...change(plugin, store) }, options).then(failed)
}

it('finds no fault in a good uploader', async () => {
  expect(await check(() => ({}))).toEqual([])
})

let serial = 0
it.each<[string, Parameters<typeof check>[0], RegExp]>([
  ['a bad manifest', ({ manifest }) => ({ manifest: { ...manifest, schemes: [] } }), /"schemes" must not be empty/],
  ['a URL that it does not understand', () => ({ fromUrl: () => ({ bucket: 'x' }) }), /memory:x: no keys/],
  [
    'two objects for one bundle',
    (plugin) => ({
      upload: (context, bundle) => plugin.upload(context, { ...bundle, fileName: `${bundle.fileName}${(serial += 1)}` }),
    }),
    /twice is one object/,
  ],
  [
    'a second reading of the stream',
    (plugin) => ({
      upload: async (context, bundle) => {
        context.signal.throwIfAborted()
        for await (const _ of bundle.open());
        return plugin.upload(context, bundle)
      },
    }),
    /read once a try: 131072 bytes of 65536/,
  ],
  [
    'a short bundle taken for whole',
    (_, store) => ({
      upload: async (context, bundle) => {
        context.signal.throwIfAborted()
        const chunks = []
        for await (const chunk of bundle.open()) chunks.push(chunk)
        store.set(`${context.run.job} ${bundle.fileName}`, Buffer.concat(chunks))
        return { location: 'memory:', size: bundle.size, checksum: undefined, verified: true }
      },
    }),
    /ends early is refused.*the upload succeeded/,
  ],
  [
    'what a broken try leaves',
    (plugin, store) => ({
      upload: (context, bundle) => {
        store.set(`${context.run.job} ${bundle.fileName}`, new Uint8Array(bundle.size))
        return plugin.upload(context, bundle)
      },
    }),
    /a stream that fails is refused.*at the far side lies/,
  ],
  [
    'an abort that is not heard',
    (plugin) => ({ upload: (context, bundle) => plugin.upload({ ...context, signal: new AbortController().signal }, bundle) }),
    /abort in the middle ends the try.*the upload succeeded/,
  ],
  [
    'an error without a class',
    (plugin) => ({
      upload: (context, bundle) =>
        plugin.upload(context, bundle).catch((error: Error) => {
          throw error.message === 'too short' ? new Error('too short') : error
        }),
    }),
    /the error has no class/,
  ],
  [
    'what verify leaves',
    (_, store) => ({ verify: async ({ run }) => void store.set(`${run.job} probe`, new Uint8Array(1)) }),
    /verify leaves nothing behind/,
  ],
  [
    "other jobs' bundles",
    (_, store) => ({
      async *list() {
        for (const [name, { length }] of store) yield { fileName: name.split(' ')[1]!, size: length, at: new Date(0) }
      },
    }),
    /sees only its own/,
  ],
  [
    'other bytes than were sent',
    () => ({
      async *open() {
        yield Uint8Array.of(1)
      },
    }),
    /can be read again: 1 bytes came back/,
  ],
  ['a removal that does nothing', () => ({ remove: async () => undefined }), /is gone/],
  [
    'a signed URL as location',
    (plugin) => ({
      upload: async (context, bundle) => ({
        ...(await plugin.upload(context, bundle)),
        location: 'https://x/y?X-Amz-Signature=abc',
      }),
    }),
    /receipt tells.*location "https/,
  ],
  [
    'a secret in a log line',
    () => ({ verify: async (context) => context.log.warn({ token: context.secret('token') }, 'got it') }),
    /"token" was said aloud/,
  ],
  [
    'a secret in the cause of an error',
    (plugin) => ({
      upload: (context, bundle) =>
        plugin.upload(context, bundle).catch((error: unknown) => {
          const cause = new Error(`Authorization: ${context.secret('token')}`, { cause: error })
          throw pluginError('FAILED', 'failed', { class: 'retryable', cause })
        }),
    }),
    /"token" was said aloud/,
  ],
  [
    'a secret that the manifest does not name',
    () => ({ verify: async (context) => void context.secret('other') }),
    /"other" is not declared/,
  ],
])('finds %s', async (_, change, found) => {
  expect((await check(change)).join('\n')).toMatch(found)
})
