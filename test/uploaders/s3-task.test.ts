import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { supervise } from '../../core/supervise.ts'
import { asTaskChild, taskSpawn } from '../../core/task-child.ts'
import type { DeliverRequest, FromTask, PruneRequest, TaskName, TaskRequest } from '../../core/task.ts'
import s3 from '../../uploaders/s3/index.ts'
import { useMinio } from '../support/minio.ts'
import { startS3Proxy } from './s3-proxy.ts'
import { aBundle, bytesOf, contextFor, everythingIn, MIB } from './s3-world.ts'

/** The uploader as the agent uses it: in the task program, a process of its own, which gets config and keys on stdin. */
const minio = await useMinio()
const proxy = await startS3Proxy(minio.url)
const ROOT = join(import.meta.dirname, '../..')
const KEY = 'prod/payments/nightly/nightly-20260101T020000Z.tar.gz'
const RUN: DeliverRequest['run'] = {
  id: 'nightly.29453880',
  job: 'nightly',
  namespace: 'payments',
  slot: '2026-01-01T02:00:00.000Z',
  trigger: 'schedule',
}
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 's3-task-'))
  // The source tree has no built plug-ins beside the task program: it is found like one that was mounted.
  mkdirSync(join(folder, 'uploaders/s3'), { recursive: true })
  writeFileSync(join(folder, 'uploaders/s3/index.js'), `export { default } from '${join(ROOT, 'uploaders/s3/index.ts')}'\n`)
})
afterEach(() => proxy.rules())
afterAll(async () => {
  await proxy.close()
  rmSync(folder, { recursive: true })
})

interface Options {
  onMessage?: (message: FromTask, kill: () => void) => void
}

/** One task, in a process of its own. All that it said, on any pipe, comes back as text too. */
async function run<Name extends TaskName>(request: Extract<TaskRequest, { task: Name }>, { onMessage }: Options = {}) {
  const { args, options } = taskSpawn({ script: join(ROOT, 'agent/task/main.ts'), path: process.env['PATH'], heapMb: 512 })
  const child = spawn(process.execPath, args, options)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  const edge = {
    kill: (pid: number, signal: 'SIGKILL') => void process.kill(pid, signal),
    readFile: (path: string) => readFile(path, 'utf8'),
  }
  const outcome = await supervise<Name>(asTaskChild(child, edge), request, {
    clock: systemClock,
    timeoutMs: 60_000,
    memoryBytes: 2 ** 30,
    onMessage: (message) => {
      said += JSON.stringify(message)
      onMessage?.(message, () => void child.kill('SIGKILL'))
    },
  })
  return { ...outcome, said: `${said}${JSON.stringify(outcome)}` }
}

function deliver(
  bucket: string,
  bundle: ReturnType<typeof aBundle>,
  more: { endpoint?: string; secrets?: Record<string, string>; state?: unknown } = {},
) {
  const path = join(folder, bundle.fileName)
  writeFileSync(path, bundle.bytes)
  const { fileName, size, sha256 } = bundle
  const request: DeliverRequest = {
    task: 'deliver',
    run: RUN,
    target: {
      uploader: 's3',
      config: { bucket, prefix: 'prod/', region: minio.region, endpoint: more.endpoint ?? minio.url, partSizeMiB: 5 },
      secrets: more.secrets ?? minio.keys,
    },
    bundle: { path, fileName, size, sha256 },
    state: more.state,
    timeoutMs: 60_000,
    pluginFolders: [folder],
  }
  return request
}

/** Several processes start one after the other, maybe beside other tests. */
const TIMEOUT_MS = 120_000

describe.skipIf(minio.skipped)('in the task program', { timeout: TIMEOUT_MS }, () => {
  it('a bundle arrives, whole, with the keys that came in the request', async () => {
    const bucket = await minio.newBucket()
    const bundle = aBundle(12 * MIB)
    const { result, error, said, peakRssBytes } = await run(deliver(bucket, bundle))
    expect(error).toBeUndefined()
    expect(result).toEqual({
      receipt: {
        location: `s3://${bucket}/${KEY}`,
        size: bundle.size,
        verified: true,
        checksum: {
          algorithm: 'sha256',
          value: bundle.sha256,
        },
      },
    })
    expect(Buffer.compare(await bytesOf(s3.open!(contextFor(minio, bucket), bundle.fileName)), bundle.bytes)).toBe(0)
    for (const secret of Object.values(minio.keys)) expect(said).not.toContain(secret)
    expect(peakRssBytes).toBeLessThan(512 * MIB)
  })

  it('a refusal is a result with class and remedy, and says no secret', async () => {
    const secrets = { ...minio.keys, secretAccessKey: 'wrong0123456789abcdef' }
    const { result, said } = await run(deliver(await minio.newBucket(), aBundle(10), { secrets }))
    expect(result?.error).toMatchObject({
      code: 'UPLOAD_CREDENTIALS',
      class: 'permission',
      remedy: expect.stringContaining('Secret'),
    })
    for (const secret of Object.values(secrets)) expect(said).not.toContain(secret)
  })

  it('what a killed process has sent is not sent again', async () => {
    const bucket = await minio.newBucket()
    const bundle = aBundle(16 * MIB)
    proxy.rules({ method: 'PUT', path: /partNumber=3/, fault: { kind: 'hang', afterBytes: MIB } })
    let state: unknown
    const died = await run(deliver(bucket, bundle, { endpoint: proxy.url }), {
      onMessage(message, kill) {
        if (message.type !== 'state') return
        state = message.value
        const { parts } = state as { parts: Record<string, string> }
        if (['1', '2', '4'].every((number) => number in parts)) kill()
      },
    })
    expect([died.result, died.error?.code]).toEqual([undefined, 'TASK_INTERRUPTED'])
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} unfinished`])
    proxy.rules()
    proxy.requests.length = 0
    const { result } = await run(deliver(bucket, bundle, { endpoint: proxy.url, state }))
    expect(result?.receipt).toMatchObject({ verified: true })
    expect(proxy.requests.filter((one) => one.startsWith('PUT')).map((one) => /partNumber=\d/.exec(one)?.[0])).toEqual([
      'partNumber=3',
    ])
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${bundle.size}`])
    expect(Buffer.compare(await bytesOf(s3.open!(contextFor(minio, bucket), bundle.fileName)), bundle.bytes)).toBe(0)
  })

  it('retention removes what is too old, and no more', async () => {
    const bucket = await minio.newBucket()
    for (const fileName of ['1.tar.gz', '2.tar.gz', '3.tar.gz'])
      await s3.upload(contextFor(minio, bucket), aBundle(9, { fileName }))
    const { target, pluginFolders } = deliver(bucket, aBundle(9))
    const retention = { keepLast: 1, maxAgeMs: 1e12, keepLastGood: true }
    const request: PruneRequest = {
      task: 'prune',
      run: RUN,
      target,
      retention,
      lastGood: '1.tar.gz',
      timeoutMs: 60_000,
      pluginFolders,
    }
    const { result, error } = await run(request)
    expect(error).toBeUndefined()
    expect(result).toMatchObject({ removed: expect.any(Array) })
    const left = await everythingIn(minio, bucket, 'none')
    expect(left).toContain('prod/payments/nightly/1.tar.gz 9')
    expect(left.length).toBe(2)
  })
})
