import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, expect } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { reasonOf } from '../../core/errors.ts'
import { goTool } from '../../tools/go-tool.ts'
import { startKeeper } from '../cluster/keeping.ts'

/** A real MinIO on loopback, of one test file. Without one, `skipped` says why, and nothing else may be used. */
export interface TestMinio {
  /** for `describe.skipIf` */
  skipped: string | undefined
  /** http://127.0.0.1:port */
  url: string
  region: string
  /** long, and found nowhere else: they are looked for in messages */
  keys: { accessKeyId: string; secretAccessKey: string }
  /** to look at what lies there, as its administrator */
  client: S3Client
  /** an empty bucket of its own */
  newBucket(): Promise<string>
  /** SIGKILL, as a machine that fails; on the same port again after `start` */
  stop(): Promise<void>
  start(): Promise<void>
}

const READY_WITHIN_MS = 60_000
const REGION = 'eu-central-1'
const SECRET_LENGTH = 24

/**
 * Starts a MinIO for the test file that calls this at its top, and ends it with the file, however that ends. It speaks SSE-S3 and
 * SSE-KMS. If it cannot be had, one line says so and `skipped` is set.
 */
export async function useMinio(): Promise<TestMinio> {
  try {
    const minio = await startMinio()
    afterAll(() => minio.close())
    return minio
  } catch (error) {
    // .ci/run looks for the first word of this line, and fails.
    process.stderr.write(
      `\nSKIPPED: 1 test file needs a real MinIO, and there is none: ${reasonOf(error)}\n  ${expect.getState().testPath}\n`,
    )
    return missing(reasonOf(error))
  }
}

/** As `useMinio`, for programs that are no tests. */
export async function startMinio(): Promise<TestMinio & { pid: () => number; close(): Promise<void> }> {
  const program = await goTool('minio')
  const folder = mkdtempSync(join(tmpdir(), 'sbs-minio-'))
  const keys = { accessKeyId: `access${hex()}`, secretAccessKey: `secret${hex()}` }
  const address = `127.0.0.1:${await freePort()}`
  const keeper = startKeeper(folder)
  let pid = 0
  const start = async () => {
    pid = await keeper.start('minio', 'env', [
      ...settings(folder, keys),
      program,
      'server',
      join(folder, 'data'),
      ...flags(folder, address),
    ])
    await ready(`http://${address}`, () => keeper.howEnded('minio'), join(folder, 'minio.log'))
  }
  const client = new S3Client({ region: REGION, endpoint: `http://${address}`, forcePathStyle: true, credentials: { ...keys } })
  const close = async () => {
    client.destroy()
    await keeper.close()
  }
  try {
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    skipped: undefined,
    url: `http://${address}`,
    region: REGION,
    keys,
    client,
    async newBucket() {
      const name = `t-${hex()}`
      await client.send(new CreateBucketCommand({ Bucket: name }))
      return name
    },
    stop: () => keeper.stop('minio', 'SIGKILL'),
    start,
    pid: () => pid,
    close,
  }
}

const hex = () => randomBytes(SECRET_LENGTH / 2).toString('hex')

/** For `env`: nothing of the user's own settings, nothing written to their home. */
function settings(folder: string, keys: TestMinio['keys']): string[] {
  return [
    '-i',
    `HOME=${folder}`,
    `MINIO_ROOT_USER=${keys.accessKeyId}`,
    `MINIO_ROOT_PASSWORD=${keys.secretAccessKey}`,
    `MINIO_SITE_REGION=${REGION}`,
    `MINIO_KMS_SECRET_KEY=test-key:${randomBytes(32).toString('base64')}`,
    'MINIO_BROWSER=off',
    'MINIO_UPDATE=off',
    'MINIO_API_REQUESTS_MAX=64',
  ]
}

const flags = (folder: string, address: string) => ['--address', address, '--certs-dir', join(folder, 'certs'), '--quiet']

async function ready(url: string, howEnded: () => string | undefined, log: string): Promise<void> {
  const end = systemClock.monotonicMs() + READY_WITHIN_MS
  for (;;) {
    const answer = await fetch(`${url}/minio/health/ready`).catch(() => undefined)
    if (answer?.ok) return
    const how = howEnded() ?? (systemClock.monotonicMs() > end ? 'it was not ready in time' : undefined)
    if (how !== undefined) throw new Error(`MinIO did not start (${how}):\n${readFileSync(log, 'utf8').slice(-1000)}`)
    await systemClock.sleep(25)
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function missing(reason: string): TestMinio {
  const fail = (): never => {
    throw new Error(`there is no MinIO: ${reason}`)
  }
  return {
    skipped: reason,
    url: 'http://127.0.0.1:1',
    region: REGION,
    keys: { accessKeyId: 'none', secretAccessKey: 'none' },
    get client() {
      return fail()
    },
    newBucket: fail,
    stop: fail,
    start: fail,
  }
}
