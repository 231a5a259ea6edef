import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createHost } from '../../agent/task/host.ts'
import hostBlockDevices from '../../collectors/host-block-devices/index.ts'
import hostCertificate from '../../collectors/host-certificate/index.ts'
import hostCertificatesCollection from '../../collectors/host-certificates-collection/index.ts'
import hostCgroups from '../../collectors/host-cgroups/index.ts'
import hostFilesystemPerformance from '../../collectors/host-filesystem-performance/index.ts'
import hostJournald from '../../collectors/host-journald/index.ts'
import hostKernelConfigs from '../../collectors/host-kernel-configs/index.ts'
import hostSysctl from '../../collectors/host-sysctl/index.ts'
import hostSystemPackages from '../../collectors/host-system-packages/index.ts'
import { systemClock } from '../../core/clock.ts'
import type { HostCollectorPlugin } from '../../core/contract/index.ts'
import { gather, type Gathered, hostContext } from '../../core/testkit/index.ts'
import { WEB_CERTIFICATE, WEB_KEY } from './certificates.ts'

const folder = mkdtempSync(join(tmpdir(), 'sbs-system-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** On this machine, by the host that tasks have; `root` is where its root is mounted. */
async function collectHere(collector: HostCollectorPlugin, entry: object = {}, root = '/'): Promise<Gathered> {
  const result = await collector.configSchema['~standard'].validate(entry)
  if (result.issues) throw new Error(JSON.stringify(result.issues))
  const env = { PATH: process.env['PATH'] }
  const host = createHost({ root, platform: 'linux', env, clock: systemClock, signal: new AbortController().signal })
  const gathered = await gather(collector.collect(hostContext({ config: result.value, host, clock: systemClock })))
  expect(gathered.error).toBeUndefined()
  return gathered
}
const json = ({ files }: Gathered) => JSON.parse(files[0]?.text ?? 'null') as Record<string, unknown>

function tool(command: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}

describe.runIf(process.platform === 'linux')('the collectors of a system on this machine', () => {
  it('know the parameters that sysctl knows', async () => {
    const own = json(await collectHere(hostSysctl))
    expect(own['kernel.osrelease']).toBe(release())
    const listed = tool('sysctl', '-a') ?? ''
    const names = [...listed.matchAll(/^(\S+) =/gm)].map(([, name = '']) => name)
    // Interfaces and what belongs to a process come and go.
    const steady = names.filter((name) => !/^(net\.|fs\.binfmt_misc)/.test(name))
    expect(steady.filter((name) => own[name] === undefined)).toEqual([])
  })

  it('know its control groups', async () => {
    const { 'cgroup-enabled': isEnabled, allControllers } = json(await collectHere(hostCgroups))
    if (isEnabled === true) expect(allControllers).toContain('memory')
  })

  it('know its disks', async () => {
    const gathered = await collectHere(hostBlockDevices)
    const names = tool('lsblk', '--noheadings', '--output', 'KNAME', '--list')
      ?.split('\n')
      .map((name) => name.trim())
    if (names === undefined) return expect(gathered.warnings).toMatchObject([{ code: 'HOST_TOOL_FAILED' }])
    const own = JSON.parse(gathered.files[0]!.text) as { kernel_name: string }[]
    expect(own.map((device) => device.kernel_name)).toEqual(names.filter((name) => name !== ''))
  })

  it('tell of the kernel, packages and the journal, or why not', async () => {
    const told = [
      await collectHere(hostKernelConfigs),
      await collectHere(hostSystemPackages, { ubuntu: ['bash'], rhel: ['bash'], rocky: ['bash'] }),
      await collectHere(hostJournald, { lines: 1, timeout: '5s' }),
    ]
    for (const { files, warnings } of told) expect(files.length + warnings.length).toBeGreaterThan(0)
  })

  it('measure writes, and leave nothing behind', async () => {
    const entry = { directory: folder, fileSize: '20k', operationSize: 1000 }
    const gathered = await collectHere(hostFilesystemPerformance, entry)
    expect(gathered.warnings).toEqual([])
    expect(json(gathered)).toMatchObject({
      jobs: [
        { sync: { total_ios: 20, lat_ns: { N: 20, min: expect.any(Number), percentile: { '99.000000': expect.any(Number) } } } },
      ],
    })
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('read a machine whose root is only mounted', async () => {
    writeFileSync(join(folder, 'tls.crt'), WEB_CERTIFICATE)
    writeFileSync(join(folder, 'tls.key'), WEB_KEY)
    const pair = await collectHere(hostCertificate, { certificatePath: '/tls.crt', keyPath: '/tls.key' }, folder)
    expect(pair.files[0]?.text).toBe('key-pair-valid')
    expect((await collectHere(hostCertificatesCollection, { paths: ['/tls.crt'] }, folder)).files[0]?.text).toContain(
      'cert-valid',
    )
    expect((await collectHere(hostFilesystemPerformance, { directory: '/', fileSize: '5k' }, folder)).files).toHaveLength(1)
    expect((await collectHere(hostBlockDevices, {}, folder)).warnings).toMatchObject([{ code: 'HOST_TOOL_FAILED' }])
  })
})
