import { expect, it } from 'vitest'
import {
  CONTRACT,
  type HostCollectorPlugin,
  type HostContext,
  type Output,
  type SchemaResult,
} from '../../../core/contract/index.ts'
import { checkCollector, failed, fakeHost } from '../../../core/testkit/index.ts'

const PATH = '/etc/motd'
const host = fakeHost({ files: { [PATH]: 'hello' } })
const file = (path = 'notes/motd.txt', more: object = {}): Output => ({
  type: 'file',
  path,
  format: 'text',
  body: 'hello',
  ...more,
})

/** A collector without a fault, as a plug-in without any import would write it. */
const good: HostCollectorPlugin = {
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'motd',
    version: '1.0.0',
    summary: 'the message of the day',
    specKey: 'motd',
    permissions: [],
    outputs: ['notes'],
    platforms: ['linux'],
  },
  configSchema: { '~standard': { version: 1, vendor: 'test', validate } },
  async *collect(context) {
    context.signal.throwIfAborted()
    yield (await canRead(context)) ? file() : { type: 'warning', code: 'MOTD_MISSING', message: 'there is none' }
  },
}

function validate(value: unknown): SchemaResult<unknown> {
  const unknown = Object.keys(value as object).filter((key) => !['collectorName', 'exclude'].includes(key))
  return unknown.length > 0 ? { issues: [{ message: `unknown: ${unknown.join()}` }] } : { value }
}

async function canRead({ host, signal }: HostContext<unknown>): Promise<boolean> {
  try {
    for await (const _ of host.read(PATH)()) return true
  } catch {
    signal.throwIfAborted()
  }
  return false
}

const check = (change: Partial<HostCollectorPlugin>, folder = 'motd') => checkCollector({ ...good, ...change }, { folder, host })
/** A collector that yields these when the file is there. */
const yielding = (...outputs: Output[]): Partial<HostCollectorPlugin> => ({
  async *collect(context) {
    context.signal.throwIfAborted()
    if (await canRead(context)) yield* outputs
    else yield { type: 'warning', code: 'MOTD_MISSING', message: 'there is none' }
  },
})

it('finds no fault in a good collector', async () => {
  expect(failed(await check({}))).toEqual([])
})

let round = 0
it.each<[string, Partial<HostCollectorPlugin>, RegExp]>([
  ['a bad manifest', { manifest: { ...good.manifest, version: '1' } }, /manifest is valid: "version" must be/],
  [
    'a schema that takes every key',
    { configSchema: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } } },
    /unknown key/,
  ],
  [
    'a schema without the common keys',
    {
      configSchema: {
        '~standard': {
          version: 1,
          vendor: 'x',
          validate: (value) => (Object.keys(value as object).length > 0 ? { issues: [{ message: 'no keys' }] } : { value }),
        },
      },
    },
    /common ones are accepted.*no keys/,
  ],
  ['an absolute path', yielding(file('/etc/motd')), /"\/etc\/motd" is no relative path/],
  ['a path that climbs', yielding(file('notes/../../x')), /is no relative path/],
  ['a path elsewhere', yielding(file('other/motd.txt')), /not within notes/],
  ['a folder of nearly the same name', yielding(file('notes-2/motd.txt')), /not within notes/],
  ['one path twice', yielding(file(), file()), /more than once: notes\/motd.txt/],
  ['a link over a file', yielding(file(), file('notes/b', { links: ['notes/motd.txt'] })), /more than once/],
  ['JSON that is none', yielding(file('notes/a.json', { format: 'json', body: '{' })), /is no JSON/],
  ['binary data called text', yielding(file('notes/a', { body: Uint8Array.of(65, 0) })), /NUL bytes/],
  ['no file at all', yielding(), /no file was collected/],
  ['a warning without words', yielding(file(), { type: 'warning', code: 'X', message: '' }), /no code or no message/],
  [
    'changing order',
    {
      async *collect(context) {
        yield* yielding(file(`notes/${(round += 1)}`)).collect!(context)
      },
    },
    /two runs on one machine differ/,
  ],
  [
    'a start after the abort',
    {
      async *collect() {
        yield file()
      },
    },
    /abort before it starts.*1 outputs came/,
  ],
  [
    'an abort taken for a missing file',
    {
      async *collect({ host, signal }) {
        signal.throwIfAborted()
        const isThere = await canRead({ host, signal: new AbortController().signal } as HostContext<unknown>)
        yield isThere ? file() : { type: 'warning', code: 'MOTD_MISSING', message: 'there is none' }
      },
    },
    /aborted at call 1, then came MOTD_MISSING/,
  ],
  [
    'an error for a missing file',
    {
      async *collect({ host, signal }) {
        signal.throwIfAborted()
        for await (const _ of host.read(PATH)()) yield file()
      },
    },
    /refuses everything.*it threw Error: ENOENT/,
  ],
  [
    'silence about a missing file',
    {
      async *collect(context) {
        context.signal.throwIfAborted()
        if (await canRead(context)) yield file()
      },
    },
    /nothing says that something is missing/,
  ],
  [
    'an iterator that never ends',
    {
      collect: (context) => {
        const inner = good.collect(context)[Symbol.asyncIterator]()
        let over = 0
        const next = async () => {
          const step = await inner.next()
          if (step.done) over += 1
          return over === 2 ? { done: false as const, value: file('notes/late') } : step
        }
        return { [Symbol.asyncIterator]: () => ({ next }) }
      },
    },
    /after the end/,
  ],
])('finds %s', async (_, change, found) => {
  expect(failed(await check(change)).join('\n')).toMatch(found)
})

it('finds a name that is not that of the folder', async () => {
  expect(failed(await check({}, 'message'))).toEqual(['the name is that of the folder: "motd" lies in "message"'])
})
