import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { toYaml } from '../../../core/yaml.ts'
import { makeWorkspace, mustHave, runRequest, runTask, spec, unpack, type Workspace } from '../../support/task.ts'

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const kept = { data: { name: 'kept', collectorName: 'kept.txt', data: 'kept\n' } }
const bundleOf = async (outcome: Awaited<ReturnType<typeof runTask>>) => unpack(mustHave(outcome).archive.path)

describe('what this version does not have', () => {
  it('is skipped, said, and listed; only what is missing makes the bundle partial', async () => {
    const outcome = await runTask(runRequest(space, { specs: [spec({ collectors: [kept, { ceph: { namespac: 'x' } }] })] }))
    const bundle = await bundleOf(outcome)
    expect(JSON.parse(await bundle.read('skipped-collectors.json'))).toMatchObject([
      {
        collector: 'ceph',
        reason: 'not supported',
        errors: ['collector "ceph" is not supported, and the entry is skipped'],
      },
    ])
    const report = await bundle.report()
    expect(report.isPartial).toBe(false)
    expect(report.collectors.find(({ key }) => key === 'ceph')).toMatchObject({
      state: 'skipped',
      warnings: [
        { code: 'COLLECTOR_CONFIG', message: expect.stringContaining('"namespac"') as unknown },
        { code: 'COLLECTOR_UNSUPPORTED' },
      ],
    })
    expect(outcome.warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['COLLECTOR_CONFIG', 'COLLECTOR_UNSUPPORTED']),
    )
  })
})

describe('specs that the task fetches', () => {
  async function serve(answer: string): Promise<string> {
    const server: Server = createServer((_, response) => response.end(answer))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/spec.yaml`
  }

  it('are what it collects by', async () => {
    const url = await serve(toYaml(spec({ collectors: [kept] })))
    const request = runRequest(space, { specs: [], sources: [{ url, name: 'collect.specs[0]' }], specUrls: [url] })
    const bundle = await bundleOf(await runTask(request))
    expect(await bundle.read('kept/kept.txt')).toBe('kept\n')
  })

  it('pass the network policy: an address that is allowed as a spec is not thereby one to connect to', async () => {
    const url = await serve(toYaml(spec({ collectors: [kept] })))
    const network = { refused: [], allowed: [] }
    const outcome = await runTask(runRequest(space, { specs: [], sources: [{ url, name: 'a' }], specUrls: [url], network }))
    expect(outcome.error).toMatchObject({
      code: 'SPEC_SOURCE',
      message: expect.stringContaining('may not connect to 127.0.0.1') as unknown,
    })
  })
})
