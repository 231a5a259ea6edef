import { expect, it } from 'vitest'
import hostDiskUsage from '../../collectors/host-disk-usage/index.ts'
import { codes, collect, issues, texts } from './collect.ts'

it.each([
  [{ path: '/var' }, { 'host-collectors/diskUsage/diskUsage.json': '{"total_bytes":4000,"used_bytes":3000}' }],
  [
    { path: '/var/lib/later/', collectorName: 'data' },
    { 'host-collectors/diskUsage/data.json': '{"total_bytes":4000,"used_bytes":3000}' },
  ],
  [
    { path: '/srv/x', collectorName: '' },
    { 'host-collectors/diskUsage/diskUsage.json': '{"total_bytes":1000,"used_bytes":250}' },
  ],
])('measures the file system of the nearest folder for %j', async (entry, want) => {
  expect(texts(await collect(hostDiskUsage, entry))).toEqual(want)
})

it('warns when the machine does not tell', async () => {
  const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
  const gathered = await collect(
    hostDiskUsage,
    { path: '/secret' },
    { usage: { '/secret': denied, '/': { totalBytes: 1, usedBytes: 1 } } },
  )
  expect([texts(gathered), codes(gathered)]).toEqual([{}, ['DISK_USAGE_UNKNOWN']])
})

it('demands an absolute path', async () => {
  expect(await issues(hostDiskUsage, { path: 'var' })).toEqual(['path: must be an absolute path, like /var/lib'])
  expect(await issues(hostDiskUsage, {})).toHaveLength(1)
})
