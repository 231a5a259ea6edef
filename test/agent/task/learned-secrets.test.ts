import { describe, expect, it } from 'vitest'
import { learningSecrets } from '../../../agent/task/learned-secrets.ts'
import type { Kube, RawList, RawObject } from '../../../core/contract/index.ts'

const secret = (name: string): RawObject => {
  const json = { kind: 'Secret', metadata: { name }, data: { password: Buffer.from(`value-of-${name}`).toString('base64') } }
  return { json, text: JSON.stringify(json) }
}
const unused = () => {
  throw new Error('not asked for')
}

function setUp() {
  const learned: string[] = []
  const part: RawList = { items: [secret('a'), secret('b')], resourceVersion: '1' }
  const kube: Kube = {
    async *list() {
      yield part
    },
    get: async (path) => (path.endsWith('gone') ? undefined : secret('c')),
    async *raw(path) {
      const text = path.endsWith('/secrets') ? JSON.stringify({ items: [secret('d').json] }) : secret('e').text
      yield Buffer.from(text.slice(0, 20))
      expect(learned).toEqual([])
      yield Buffer.from(text.slice(20))
    },
    pods: unused,
    logs: unused,
    exec: unused,
    review: unused,
    own: unused,
  }
  return { learned, kube: learningSecrets(kube, (values) => void learned.push(...values)) }
}
const read = async (stream: AsyncIterable<Uint8Array>) => {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

describe('Secrets read through the port', () => {
  it('are learned from before a list is given on', async () => {
    const { kube, learned } = setUp()
    for await (const { items } of kube.list({ version: 'v1', plural: 'secrets' })) {
      expect(items).toHaveLength(2)
      expect(learned).toEqual(['value-of-a', 'value-of-b'])
    }
  })

  it('are learned from by name, and as raw bytes', async () => {
    const { kube, learned } = setUp()
    expect(await kube.get('/api/v1/namespaces/x/secrets/gone')).toBeUndefined()
    await kube.get('/api/v1/namespaces/x/secrets/c')
    expect(learned.splice(0)).toEqual(['value-of-c'])
    expect(await read(kube.raw('/api/v1/secrets'))).toContain('items')
    expect(learned.splice(0)).toEqual(['value-of-d'])
    expect(await read(kube.raw('/api/v1/namespaces/x/secrets/e'))).toBe(secret('e').text)
    expect(learned).toEqual(['value-of-e'])
  })

  it('are not looked for in what is no Secret', async () => {
    const { kube, learned } = setUp()
    for await (const part of kube.list({ version: 'v1', plural: 'configmaps' })) expect(part.items).toHaveLength(2)
    for await (const part of kube.list({ group: 'x.io', version: 'v1', plural: 'secrets' })) expect(part.items).toHaveLength(2)
    await kube.get('/api/v1/namespaces/x/configmaps/c')
    expect(learned).toEqual([])
  })
})
