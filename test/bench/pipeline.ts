import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { createArchive } from '../../agent/bundle/archive.ts'
import { createSink } from '../../agent/bundle/sink.ts'
import { createRedactor } from '../../agent/redaction/redactor.ts'
import { defaultRules } from '../../agent/redaction/rules.ts'
import type { Figure } from './figure.ts'

const TOTAL = 1024 ** 3
const FILES = 64

/** Log lines as pods write them, some of them with something to redact. */
function logBlock(bytes: number): Buffer {
  const lines: string[] = []
  for (let size = 0, i = 0; size < bytes; i++) {
    const at = new Date(1_795_000_000_000 + i * 137).toISOString()
    const line =
      i % 500 === 0
        ? `${at} INFO  connecting to postgres://app:hunter2-${i}@db-${i % 7}.svc:5432/orders`
        : `${at} INFO  [worker-${i % 16}] request id=${(i * 2654435761) >>> 0} path=/api/v1/orders/${i % 9973} status=${i % 50 === 0 ? 500 : 200} took=${i % 311}ms bytes=${(i * 7919) % 65536}`
    lines.push(line)
    size += line.length + 1
  }
  return Buffer.from(`${lines.join('\n')}\n`)
}

async function* repeat(block: Buffer, bytes: number): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < bytes; sent += block.length) yield block.subarray(0, Math.min(block.length, bytes - sent))
}

/** CPU milliseconds of a piece of work, all threads. */
async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** 1 GiB of log text through redaction and gzip into an archive, beside gzip alone; and how memory grows meanwhile. */
export async function pipelineFigures(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-bench-'))
  const block = logBlock(4 * 1024 ** 2)
  const mib = TOTAL / 1024 ** 2
  try {
    const floorMs = await cpuMs(() =>
      pipeline(repeat(block, TOTAL), createGzip({ level: 1 }), new Writable({ write: (_, __, done) => done() })),
    )
    let peak = 0
    const before = process.memoryUsage.rss()
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50)
    const wholeMs = await cpuMs(async () => {
      const archive = createArchive(join(folder, 'bench.tar.gz'), 'bench', new Date(0))
      const sink = createSink({
        archive,
        redactor: createRedactor(defaultRules),
        taps: [],
        workFolder: folder,
        limits: { bundleBytes: TOTAL, outputBytes: TOTAL },
      })
      for (let file = 0; file < FILES; file++)
        await sink.take(
          { type: 'file', path: `logs/${file}.log`, format: 'text', body: () => repeat(block, TOTAL / FILES) },
          new AbortController().signal,
        )
      await archive.finish()
    })
    clearInterval(watch)
    return [
      {
        name: '1 GiB of logs: redact, stage, tar, gzip',
        value: (mib / wholeMs) * 1000,
        unit: 'MiB/s of a core',
        against: { name: 'gzip alone', value: (mib / floorMs) * 1000 },
        limit: '≥ 60',
      },
      { name: 'memory that it added at its peak', value: (peak - before) / 1024 ** 2, unit: 'MiB', limit: 'flat' },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
