import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHost } from '../../../agent/task/host.ts'
import { locate, notRun } from '../../../agent/task/mounted-root.ts'
import { systemClock } from '../../../core/clock.ts'

let root: string
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'sbs-root-'))))
afterEach(() => rm(root, { recursive: true, force: true }))

async function write(path: string, content = path): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true })
  await writeFile(join(root, path), content)
}
const link = async (path: string, target: string) => {
  await mkdir(join(root, path, '..'), { recursive: true })
  await symlink(target, join(root, path))
}

describe('links of a machine whose root is mounted', () => {
  it.each([
    ['an absolute one', '/etc/os-release', 'usr/lib/os-release'],
    ['one of a folder', '/var/run/app/pid', 'run/app/pid'],
    ['one to a link', '/etc/second', 'usr/lib/os-release'],
    ['one that climbs above the root', '/etc/out', 'etc/passwd'],
    ['a path that climbs', '/../../etc/os-release', 'usr/lib/os-release'],
    ['one that climbs after a link', '/var/run/../usr/lib/os-release', 'usr/lib/os-release'],
    ['one that leads to nothing', '/etc/dangling', 'nowhere'],
    ['none at all', '/etc/passwd', 'etc/passwd'],
  ])('%s leads where it leads there', async (_, path, want) => {
    await write('usr/lib/os-release')
    await write('run/app/pid')
    await write('etc/passwd')
    await link('etc/os-release', '/usr/lib/os-release')
    await link('etc/second', 'os-release')
    await link('etc/out', '../../../../../../../../etc/passwd')
    await link('etc/dangling', '/nowhere')
    await link('var/run', '/run')
    expect(await locate(root, path)).toBe(join(root, want))
  })

  it('that go round in a circle are an error', async () => {
    await link('a', 'b')
    await link('b', '/a')
    await expect(locate(root, '/a')).rejects.toThrow('ELOOP')
  })

  it('of this machine are left to its kernel', async () => {
    expect(await locate('/', '/proc/self/../self')).toBe('/proc/self/../self')
  })
})

describe('a machine whose root is mounted', () => {
  const host = () =>
    createHost({ root, platform: 'linux', env: { SECRET: 'ours' }, clock: systemClock, signal: new AbortController().signal })

  it('is read through its links, and never out of it', async () => {
    await write('real/a.log', 'log of the machine')
    await link('logs', '/real')
    await link('hosts', '/etc/hosts')
    const read = async (path: string) => {
      let text = ''
      for await (const chunk of host().read(path)()) text += Buffer.from(chunk).toString()
      return text
    }
    expect(await read('/logs/a.log')).toBe('log of the machine')
    await expect(read('/hosts')).rejects.toThrow('ENOENT')
    expect(await host().glob('/logs/*.log')).toEqual(['/logs/a.log'])
    expect(await host().glob('/logs/a.log')).toEqual(['/logs/a.log'])
    expect(await host().glob('/hosts')).toEqual([])
    expect((await host().usage('/logs')).totalBytes).toBeGreaterThan(0)
  })

  it.runIf(process.getuid?.() === 0)('runs its own programs, in it, without our environment', async () => {
    const real = createHost({
      ...{ root: '//', platform: 'linux', env: { SECRET: 'ours' } },
      clock: systemClock,
      signal: new AbortController().signal,
    })
    const printed = await real.exec('env', [], { env: { A: '1' }, inheritEnv: ['SECRET'] })
    expect(printed.stdout.split('\n').toSorted()).toEqual(['', 'A=1', 'SYSTEMD_IGNORE_CHROOT=1'])
    expect(await real.exec('sh', ['-c', 'echo $PATH; exit 3'])).toMatchObject({
      stdout: expect.stringContaining('/usr/sbin'),
      exitCode: 3,
    })
    await expect(host().exec('sh', [])).rejects.toThrow(/sh could not be run: .*No such file/)
    expect(await readFile('/etc/hostname', 'utf8')).toBe((await real.exec('cat', ['/etc/hostname'])).stdout)
  })
})

describe('a command that could not be run', () => {
  it.each([
    [127, "/usr/sbin/chroot: failed to run command 'x': No such file or directory\n", 'No such file or directory'],
    [126, "chroot: failed to run command 'x': Permission denied\n", 'Permission denied'],
    [125, "chroot: cannot change root directory to '/host': Operation not permitted\n", 'Operation not permitted'],
  ])('%i is told from one that ran', (exitCode, stderr, reason) => {
    expect(notRun('x', { exitCode, stderr })?.message).toContain(reason)
  })

  it.each([
    [127, 'sh: 1: x: not found\n'],
    [1, "chroot: failed to run command 'x': No such file or directory\n"],
    [0, ''],
  ])('%i with other words ran', (exitCode, stderr) => expect(notRun('x', { exitCode, stderr })).toBeUndefined())
})
