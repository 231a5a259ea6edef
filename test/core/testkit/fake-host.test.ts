import { expect, it } from 'vitest'
import { fakeHost } from '../../../core/testkit/index.ts'

const host = fakeHost({
  files: {
    '/var/log/a.log': 'a',
    '/var/log/app/b.log': 'b',
    '/var/log/app/old/c.log': 'c',
    '/sys/cpu0/x': '0',
    '/sys/cpu10/x': '10',
  },
  commands: { 'uname -r': '6.1\n', df: { stderr: 'no', exitCode: 1 }, hang: new Error('timed out') },
  usage: { '/': { totalBytes: 2, usedBytes: 1 } },
  syncTimes: { '/': [5, 7], '/data': ({ fileBytes, writeBytes }) => Array.from({ length: fileBytes / writeBytes }, () => 9) },
})

it.each([
  ['/var/log/a.log', ['/var/log/a.log']],
  ['/var/log/*.log', ['/var/log/a.log']],
  ['/var/log/**/*.log', ['/var/log/a.log', '/var/log/app/b.log', '/var/log/app/old/c.log']],
  ['/var/log/app/**', ['/var/log/app/b.log', '/var/log/app/old/c.log']],
  ['/sys/cpu[0-9]/x', ['/sys/cpu0/x']],
  ['/sys/cpu??/x', ['/sys/cpu10/x']],
  ['/var/log/a?log', ['/var/log/a.log']],
  ['/var/log/aXlog', []],
])('finds by pattern %s', async (pattern, found) => {
  expect(await host.glob(pattern)).toEqual(found)
})

it('runs what was made up, by the line or the name, and misses the rest', async () => {
  expect(await host.exec('uname', ['-r'])).toEqual({ stdout: '6.1\n', stderr: '', exitCode: 0 })
  expect(await host.exec('df', ['-k'])).toEqual({ stdout: '', stderr: 'no', exitCode: 1 })
  await expect(host.exec('hang', [])).rejects.toThrow('timed out')
  await expect(host.exec('uname', ['-m'])).rejects.toMatchObject({ code: 'ENOENT' })
})

it('misses files and disks as a real machine does, when they are looked at', async () => {
  const open = host.read('/nowhere')
  await expect(open()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(host.usage('/nowhere')).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await host.usage('/')).toEqual({ totalBytes: 2, usedBytes: 1 })
})

it('tells made-up times of writes', async () => {
  const test = { writeBytes: 10, fileBytes: 30, isFullSync: false, limitMs: 1 }
  expect([await host.syncTimes('/', test), await host.syncTimes('/data', test)]).toEqual([
    [5, 7],
    [9, 9, 9],
  ])
  await expect(host.syncTimes('/nowhere', test)).rejects.toMatchObject({ code: 'ENOENT' })
})
