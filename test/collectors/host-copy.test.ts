import { expect, it } from 'vitest'
import { destinations } from '../../collectors/host-copy/destinations.ts'
import hostCopy from '../../collectors/host-copy/index.ts'
import { codes, collect, issues, texts } from './collect.ts'

it('copies a folder with all below it, and tells binary files from text', async () => {
  const { files } = await collect(hostCopy, { path: '/var/log/app/' })
  expect(files.map(({ path, format }) => [path, format])).toEqual([
    ['host-collectors/copy/app/app.log', 'text'],
    ['host-collectors/copy/app/core.bin', 'binary'],
    ['host-collectors/copy/app/old/app.log.1', 'text'],
  ])
  expect(files[0]?.text).toBe('ready\n')
})

it('copies what a pattern matches into the folder of its name', async () => {
  expect(texts(await collect(hostCopy, { path: '/var/log/app/*.log', collectorName: 'logs' }))).toEqual({
    'host-collectors/logs/app.log': 'ready\n',
  })
})

it('loses no file when two have one name', async () => {
  expect(texts(await collect(hostCopy, { path: '/etc/app/*/app.conf' }))).toEqual({
    'host-collectors/copy/app.conf': 'a=1\n',
    'host-collectors/copy/b/app.conf': 'b=1\n',
  })
})

it('looks at the first 8 KiB only', async () => {
  const files = { '/early': `${'x'.repeat(8191)}\0`, '/late': `${'x'.repeat(8192)}\0` }
  const copied = await collect(hostCopy, { path: '/*' }, { files })
  expect(copied.files.map(({ path, format }) => [path, format])).toEqual([
    ['host-collectors/copy/early', 'binary'],
    ['host-collectors/copy/late', 'text'],
  ])
})

it('warns of what cannot be read and goes on', async () => {
  const files = { '/a': Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }), '/b': 'b' }
  const gathered = await collect(hostCopy, { path: '/*' }, { files })
  expect(codes(gathered)).toEqual(['COPY_UNREADABLE'])
  expect(texts(gathered)).toEqual({
    'host-collectors/copy/b': 'b',
    'host-collectors/copy/errors.json': '[\n  "/a: EACCES: permission denied"\n]\n',
  })
})

it('knows packed files by how they begin, also without a NUL byte', async () => {
  const gathered = await collect(hostCopy, { path: '/*' }, { files: { '/a.log.1': 'BZh91AY packed', '/b': 'BZ is text' } })
  expect(gathered.files.map(({ path, format }) => [path, format])).toEqual([
    ['host-collectors/copy/a.log.1', 'binary'],
    ['host-collectors/copy/b', 'text'],
  ])
})

it('warns when nothing matches', async () => {
  const gathered = await collect(hostCopy, { path: '/nowhere/*' })
  expect([texts(gathered), codes(gathered)]).toEqual([{}, ['COPY_NOTHING_FOUND']])
})

it('refuses relative paths, and the whole machine', async () => {
  for (const path of ['logs/*', '/', '//']) expect(await issues(hostCopy, { path })).toHaveLength(1)
})

it('keeps the folders that ** stands for', () => {
  const found = ['/var/log/x.log', '/var/log/a/x.log', '/var/log/a/b/x.log']
  expect([...destinations('/var/log/**/x.log', found).values()]).toEqual(['x.log', 'a/x.log', 'a/b/x.log'])
})
