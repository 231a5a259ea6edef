import { execFile } from 'node:child_process'
import { createReadStream, globSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { cpus, hostname, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import hostCopy from '../../collectors/host-copy/index.ts'
import hostCpu from '../../collectors/host-cpu/index.ts'
import hostDiskUsage from '../../collectors/host-disk-usage/index.ts'
import hostIpv4Interfaces from '../../collectors/host-ipv4-interfaces/index.ts'
import hostKernelModules from '../../collectors/host-kernel-modules/index.ts'
import hostMemory from '../../collectors/host-memory/index.ts'
import hostOs from '../../collectors/host-os/index.ts'
import hostRun from '../../collectors/host-run/index.ts'
import hostServices from '../../collectors/host-services/index.ts'
import hostTime from '../../collectors/host-time/index.ts'
import type { Host, HostCollectorPlugin } from '../../core/contract/index.ts'
import { gather, hostContext } from '../../core/testkit/index.ts'

/** This machine, looked at as simply as possible. */
const thisMachine: Host = {
  root: '/',
  platform: 'linux',
  read: (path) => () => createReadStream(path),
  glob: async (pattern) =>
    globSync(pattern, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`)
      .toSorted(),
  usage: async (path) => {
    const { bsize, blocks, bfree } = await statfs(path)
    return { totalBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize }
  },
  syncTimes: () => Promise.reject(new Error('real-system.test.ts looks at that')),
  exec: (command, args, { timeoutMs = 5000 } = {}) =>
    promisify(execFile)(command, args, { timeout: timeoutMs }).then(
      ({ stdout, stderr }) => ({ stdout, stderr, exitCode: 0 }),
      (error: Error & { code: unknown; stdout: string; stderr: string }) => {
        if (typeof error.code !== 'number') throw error
        return { stdout: error.stdout, stderr: error.stderr, exitCode: error.code }
      },
    ),
}

async function first(collector: HostCollectorPlugin, entry: object = {}) {
  const result = await collector.configSchema['~standard'].validate(entry)
  if (result.issues) throw new Error(JSON.stringify(result.issues))
  const { files, error } = await gather(collector.collect(hostContext({ config: result.value, host: thisMachine })))
  expect(error).toBeUndefined()
  // A machine may lack a tool, and then there is a file that says so.
  return files.find(({ path }) => !path.startsWith('host-collectors/errors/'))?.text ?? ''
}
const json = async (collector: HostCollectorPlugin, entry?: object) => JSON.parse(await first(collector, entry)) as unknown

describe.runIf(process.platform === 'linux')('the collectors on this machine', () => {
  it('agree with what Node.js knows of it', async () => {
    expect(await json(hostCpu)).toMatchObject({ logicalCount: cpus().length, physicalCount: expect.any(Number) })
    expect(await json(hostMemory)).toEqual({ total: totalmem() })
    expect(await json(hostOs)).toMatchObject({ name: hostname(), kernelVersion: release() })
  })

  it('give the shapes that analyzers read', async () => {
    expect(await json(hostDiskUsage, { path: '/no/such/folder' })).toEqual({
      total_bytes: expect.any(Number),
      used_bytes: expect.any(Number),
    })
    expect(await json(hostTime)).toEqual({
      timezone: expect.any(String),
      ntp_synchronized: expect.any(Boolean),
      ntp_active: expect.any(Boolean),
    })
    expect(await json(hostServices)).toBeInstanceOf(Array)
    expect(await json(hostKernelModules)).toBeInstanceOf(Object)
    expect(await json(hostIpv4Interfaces)).toBeInstanceOf(Array)
  })

  it('run a command and copy a file', async () => {
    expect(await first(hostRun, { command: 'printf', args: ['%s', '$HOME; `id`'] })).toBe('$HOME; `id`')
    expect(await first(hostCopy, { path: '/proc/sys/kernel/ostype' })).toBe('Linux\n')
  })
})
