import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { type Collected, collectFrom, type CollectOptions, removeCollected } from './collect-from.ts'
import { type FakeKubelet, startFakeKubelet } from './fake-kubelet.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { useCluster } from './use-cluster.ts'
import { type Seen, watchFolder } from './watch-folder.ts'

/** Logs that are no text, no lines, or no longer there, through a real API server. */

const cluster = await useCluster()
const L = 'cluster-resources/pods/logs'
const MARK = 'pl4nted'
const SECRET = Buffer.from(`\npassword=${MARK}-1x\n`)
const MASKED = Buffer.from('\npassword=***HIDDEN***\n')
const MB = 1_000_000

/** Every byte there is, and two halves of a character. */
const ALL_BYTES = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 31) & 0xff))
const BROKEN_TEXT = Buffer.concat([
  Buffer.from('gr\xfc\xdfe '),
  Buffer.from([0xe2, 0x82]),
  Buffer.from(' '),
  Buffer.from([0xc3, 0x28]),
])
/** By the pod's name. */
const LOGS: Record<string, Buffer> = {
  binary: Buffer.concat([ALL_BYTES, SECRET, ALL_BYTES]),
  zeros: Buffer.concat([Buffer.alloc(3 * MB), SECRET, Buffer.alloc(100)]),
  latin: Buffer.concat([BROKEN_TEXT, SECRET, BROKEN_TEXT]),
  'long-line': Buffer.concat([Buffer.alloc(12 * MB, 'x'), Buffer.from(` password=${MARK}-2x`)]),
  'longer-line': Buffer.concat([Buffer.from(`password=${MARK}-3x `), Buffer.alloc(20 * MB, 'x')]),
  empty: Buffer.alloc(0),
  plain: Buffer.from('as it was\n'),
}

describe.skipIf(cluster.skipped)('logs', () => {
  let kubelet: FakeKubelet
  let namespace = ''
  let bundle: Collected
  let seen: Seen
  beforeAll(async () => {
    kubelet = await startFakeKubelet(cluster, ({ pod }, _, response) => void response.end(LOGS[pod] ?? 'not here\n'))
    namespace = await cluster.newNamespace()
    for (const pod of Object.keys(LOGS)) await kubelet.aPod(namespace, pod)
    ;({ bundle, seen } = await watched([{ logs: { name: 'app', namespace } }]))
  }, 120_000)
  afterAll(async () => {
    await kubelet?.close()
    await removeCollected()
  })

  async function watched(collectors: object[], options: CollectOptions = {}) {
    let stop = () => Promise.resolve<Seen>({ leaks: [], staged: [] })
    const onFolder = (folder: string) => void (stop = watchFolder(folder, [MARK]))
    const collected = await collectFrom(cluster, collectors, { ...options, onFolder })
    return { bundle: collected, seen: await stop() }
  }
  const bytesOf = (pod: string) => readFile(join(bundle.folder, L, namespace, pod, 'main.log'))
  const masked = (log: Buffer) => Buffer.from(log.toString('latin1').replace(SECRET.toString(), MASKED.toString()), 'latin1')

  it.each(['binary', 'zeros', 'latin'])('of %s bytes are kept as they are, but for what is masked', async (pod) => {
    const [found, log = Buffer.alloc(0)] = [await bytesOf(pod), LOGS[pod]]
    expect(found.length).toBe(log.length - SECRET.length + MASKED.length)
    expect(found.equals(masked(log))).toBe(true)
  })

  it('of one long line are masked up to its end', async () => {
    const found = await bytesOf('long-line')
    expect(found.length).toBeGreaterThan(12 * MB)
    expect(found.subarray(-30).toString()).toMatch(/x password=\*\*\*HIDDEN\*\*\*$/)
  })

  it('whose line is longer than can be masked are left out, and it is said', async () => {
    const path = 'app/longer-line/main-errors.json'
    expect(await bundle.json(path)).toEqual([expect.stringContaining('a line')])
    expect(bundle.paths.filter((one) => one.includes('longer-line'))).toEqual([path])
    const { warnings } = await bundle.report('logs')
    expect(warnings).toMatchObject([{ code: 'REDACTION_FAILED' }])
    expect(bundle.result.archive.isPartial).toBe(true)
  })

  it('that are empty or sound are there, whatever the others are', async () => {
    expect(await bytesOf('empty')).toHaveLength(0)
    expect(await bundle.text(`app/plain/main.log`)).toBe('as it was\n')
  })

  it('never lie unmasked on the disk, and leave nothing there', () => {
    expect(seen.leaks).toEqual([])
    expect(seen.staged).not.toEqual([])
    expect(bundle.left).toEqual(['b.tar.gz'])
  })

  it('of a pod that is gone by then are no loss, and the others are there', async () => {
    const other = await cluster.newNamespace()
    for (const pod of ['gone', 'stays']) await kubelet.aPod(other, pod)
    const proxy = await startFaultProxy(cluster.info)
    proxy.rules({ fault: { kind: 'delay', ms: 500 }, path: /gone\/log\?/ })
    const collecting = watched([{ logs: { name: 'app', namespace: other } }], { server: proxy.url })
    while (!proxy.requests.some((request) => request.includes('gone/log?'))) await systemClock.sleep(5)
    await cluster.admin.json({
      method: 'DELETE',
      path: `/api/v1/namespaces/${other}/pods/gone`,
      query: { gracePeriodSeconds: 0 },
    })
    const { bundle: rest } = await collecting
    await proxy.close()
    expect(await rest.json('app/gone/main-errors.json')).toEqual([expect.stringContaining('"gone" not found')])
    expect(await rest.text('app/stays/main.log')).toBe('not here\n')
    expect(rest.result.archive.isPartial).toBe(false)
    expect((await rest.report('logs')).warnings).toEqual([])
  })
})
