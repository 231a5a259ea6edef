import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KINDS, LABEL_KIND, type Kind } from '../../../core/names.ts'
import { nodeFileSystem, syncFileSystem } from '../../../core/store/file-system.ts'
import type { Ref, Store, Stored } from '../../../core/store/store.ts'
import { refused, storeConformance } from './conformance.ts'
import { faulty } from './faulty-file-system.ts'
import { fakeProcess, type FileWorld, makeFileWorld } from './file-world.ts'

for (const [name, fs] of [
  ['files', nodeFileSystem],
  ['files, one call after the other', syncFileSystem],
] as const)
  storeConformance(
    name,
    async () => {
      const world = await makeFileWorld()
      return { ...world, store: world.open({ fs }), another: async () => world.open({ fs, processes: fakeProcess(2) }) }
    },
    { sequences: 25 },
  )

describe('file store', () => {
  let world: FileWorld
  let store: Store
  beforeEach(async () => {
    world = await makeFileWorld('2026-11-24T10:00:00Z')
    store = world.open()
  })
  afterEach(() => world.cleanup())

  const ref = (kind: Kind, name: string): Ref => ({ kind, namespace: '', name })
  const inside = (...path: string[]) => join(world.folder, ...path)
  const files = async (...path: string[]) => (await readdir(inside(...path)).catch((): string[] => [])).sort()
  const names = async (kind: Kind) => {
    const found: string[] = []
    for await (const { name } of store.list(kind, '')) found.push(name)
    return found
  }

  describe('layout', () => {
    it.each([
      ['job', 'nightly', 'jobs/nightly.json'],
      ['status', 'nightly.status', 'status/nightly.status.json'],
      ['ledger', 'nightly.ledger.202611', 'ledger/nightly.ledger.202611.json'],
      ['request', 'nightly.request.1', 'requests/nightly.request.1.json'],
      ['template', 'template.web', 'templates/template.web.json'],
      // 29457540 minutes: 2026-01-04
      ['run', 'nightly.29457540', 'executions/2026-01/nightly.29457540.json'],
      ['run', 'nightly.m7', 'executions/2026-11/nightly.m7.json'],
    ] as const)('keeps a %s named %s in %s, for its user only', async (kind, name, path) => {
      await store.create(ref(kind, name), { text: 'x' })
      const { mode } = await stat(inside(path))
      expect(mode & 0o777).toBe(0o600)
      for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
        expect((await stat(inside(folder))).mode & 0o777).toBe(0o700)
      }
      expect((await stat(world.folder)).mode & 0o777).toBe(0o700)
      expect(await files(dirname(path))).toEqual([`${name}.json`])
    })

    it('is the ConfigMap of the cluster, made to be read', async () => {
      const { version } = await store.create({ ...ref('job', 'a'), namespace: 'payments' }, { text: 'schedule: "@daily"\n' })
      const text = await readFile(inside('jobs/a.json'), 'utf8')
      expect(text).toMatch(/^\{\n {2}"apiVersion": "v1",\n/)
      expect(JSON.parse(text)).toMatchObject({
        kind: 'ConfigMap',
        metadata: { name: 'a', namespace: 'payments', labels: { [LABEL_KIND]: 'job' } },
        data: { 'job.yaml': 'schedule: "@daily"\n' },
      })
      expect((await store.get(ref('job', 'a')))?.namespace).toBe('payments')
      await store.seal(ref('job', 'a'), { text: '' }, version)
      expect(JSON.parse(await readFile(inside('jobs/a.json'), 'utf8'))).toMatchObject({ immutable: true })
    })

    it('makes nothing by reading', async () => {
      for (const kind of KINDS) {
        expect(await names(kind)).toEqual([])
        expect(await store.get(ref(kind, 'a.m1'))).toBeUndefined()
        await store.remove(ref(kind, 'a.1'))
        await refused('STORE_GONE', store.update(ref(kind, 'a.1'), { text: '' }, '1'))
      }
      await expect(stat(world.folder)).rejects.toMatchObject({ code: 'ENOENT' })
    })

    it.each([
      '',
      '.',
      '..',
      '../a',
      'a/b',
      '/etc/passwd',
      'a\\b',
      'A',
      'a..b',
      '.a',
      'a.',
      '-a',
      'a-',
      'a\0',
      'a b',
      'x'.repeat(201),
    ])('takes %j for no name', async (name) => {
      await refused('JOB_NAME_INVALID', store.get(ref('job', name)))
      await refused('JOB_NAME_INVALID', store.create(ref('run', name), { text: '' }))
      await refused('JOB_NAME_INVALID', store.update(ref('job', name), { text: '' }, '1'))
      await refused('JOB_NAME_INVALID', store.seal(ref('job', name), { text: '' }, '1'))
      await refused('JOB_NAME_INVALID', store.remove(ref('job', name)))
      await expect(stat(world.folder)).rejects.toMatchObject({ code: 'ENOENT' })
    })

    it('leaves alone what it did not make', async () => {
      await store.create(ref('job', 'a'), { text: '1' })
      await store.create(ref('run', 'a.100'), { text: '1' })
      await mkdir(inside('jobs/folder.json'))
      await mkdir(inside('executions/other'))
      for (const name of ['README.txt', '.hidden.json', 'Not A Job.json', 'b.json.bak', '.tmp.x'])
        await writeFile(inside('jobs', name), '?')
      await writeFile(inside('executions/b.1.json'), '?')
      expect(await names('job')).toEqual(['a'])
      expect(await names('run')).toEqual(['a.100'])
      await world.open().create(ref('job', 'b'), { text: '1' })
      expect(await files('jobs')).toHaveLength(8)
      expect(world.problems).toEqual([])
    })

    it('finds manual runs of earlier months, and lets no month have a second one of a name', async () => {
      const created = await store.create(ref('run', 'a.m1'), { text: '1' })
      await world.clock.advance(30 * 86_400_000)
      await refused('STORE_EXISTS', store.create(ref('run', 'a.m1'), { text: '2' }))
      const updated = await store.update(ref('run', 'a.m1'), { text: '2' }, created.version)
      expect(await store.get(ref('run', 'a.m1'))).toEqual(updated)
      await store.create(ref('run', 'a.m2'), { text: '1' })
      expect(await files('executions')).toEqual(['2026-11', '2026-12'])
      expect(await names('run')).toEqual(['a.m1', 'a.m2'])
      await store.remove(ref('run', 'a.m1'))
      expect(await names('run')).toEqual(['a.m2'])
    })

    it('reads a document through a symbolic link', async () => {
      await store.create(ref('job', 'a'), { text: '1' })
      await rename(inside('jobs/a.json'), join(world.folder, '../elsewhere.json'))
      await symlink(join(world.folder, '../elsewhere.json'), inside('jobs/a.json'))
      expect((await store.get(ref('job', 'a')))?.text).toBe('1')
      expect(await names('job')).toEqual(['a'])
    })

    it('takes an edit by hand for a new version', async () => {
      const { version } = await store.create(ref('job', 'a'), { text: 'old' })
      const text = await readFile(inside('jobs/a.json'), 'utf8')
      await writeFile(inside('jobs/a.json'), text.replace('old', 'new'))
      await refused('STORE_CONFLICT', store.update(ref('job', 'a'), { text: 'mine' }, version))
      const edited = (await store.get(ref('job', 'a'))) as Stored
      expect(edited.text).toBe('new')
      await store.update(ref('job', 'a'), { text: 'mine' }, edited.version)
    })
  })

  describe('copies', () => {
    it('are kept of jobs, ledgers and runs, and go with the object', async () => {
      const made: [Kind, string][] = [
        ['job', 'a'],
        ['ledger', 'a.ledger.202611'],
        ['run', 'a.100'],
        ['run', 'a.m1'],
        ['status', 'a.status'],
        ['request', 'a.request.1'],
        ['template', 'template.a'],
      ]
      for (const [kind, name] of made) {
        const { version } = await store.create(ref(kind, name), { text: '1' })
        await store.update(ref(kind, name), { text: '2' }, version)
      }
      expect(await files('backups')).toEqual(['executions', 'jobs', 'ledger'])
      expect(await files('backups/executions')).toEqual(['a.100.json', 'a.m1.json'])
      expect(await readFile(inside('backups/jobs/a.json'))).toEqual(await readFile(inside('jobs/a.json')))
      expect((await stat(inside('backups/jobs/a.json'))).ino).not.toBe((await stat(inside('jobs/a.json'))).ino)
      for (const [kind, name] of made) await store.remove(ref(kind, name))
      for (const folder of ['jobs', 'ledger', 'executions']) expect(await files('backups', folder)).toEqual([])
    })

    it('are made at creation already', async () => {
      await store.create(ref('run', 'a.100'), { text: '1' })
      expect(await readFile(inside('backups/executions/a.100.json'))).toEqual(
        await readFile(inside('executions/1970-01/a.100.json')),
      )
    })

    it('can be switched off', async () => {
      store = world.open({ backup: false })
      await store.create(ref('job', 'a'), { text: '1' })
      await writeFile(inside('jobs/a.json'), '')
      expect(await store.get(ref('job', 'a'))).toBeUndefined()
      expect(await files('backups')).toEqual([])
    })
  })

  describe('a damaged file', () => {
    const damages: [string, (text: string) => string, RegExp][] = [
      ['is empty', () => '', /empty/],
      ['is cut off', (text) => text.slice(0, -20), /not JSON/],
      ['is no object', () => '[]', /not an object/],
      ['has another name', (text) => text.replace('"name": "a"', '"name": "b"'), /metadata\.name is "b"/],
      ['is of another kind', (text) => text.replace('"job"', '"template"'), /holds a template/],
      ['has no text', (text) => text.replace('job.yaml', 'job.yml'), /job\.yaml/],
      ['is of zeros', (text) => '\0'.repeat(text.length), /not JSON/],
    ]

    it.each(damages)('that %s is moved aside and replaced by its copy', async (_, damage, reason) => {
      const created = await store.create(ref('job', 'a'), { text: '1' })
      const bad = damage(await readFile(inside('jobs/a.json'), 'utf8'))
      await writeFile(inside('jobs/a.json'), bad)
      expect(await store.get(ref('job', 'a'))).toEqual(created)
      expect(await files('corrupt')).toEqual(['jobs-a-2026-11-24T100000000Z.json'])
      expect(await readFile(inside('corrupt/jobs-a-2026-11-24T100000000Z.json'), 'utf8')).toBe(bad)
      expect(await names('job')).toEqual(['a'])
      expect(world.problems).toHaveLength(1)
      expect(world.problems[0]).toMatchObject({ code: 'STORE_FILE_CORRUPT' })
      expect(world.problems[0]?.message).toMatch(reason)
      expect(world.problems[0]?.message).toMatch('corrupt/jobs-a-2026-11-24T100000000Z.json; the last copy was put back')
      await store.update(ref('job', 'a'), { text: '2' }, created.version)
    })

    it('without a good copy is moved aside, and free to be made again', async () => {
      await store.create(ref('job', 'a'), { text: '1' })
      await writeFile(inside('jobs/a.json'), '{')
      await writeFile(inside('backups/jobs/a.json'), '')
      expect(await store.get(ref('job', 'a'))).toBeUndefined()
      expect(world.problems[0]?.message).toMatch('no good copy')
      expect(await files('corrupt')).toHaveLength(1)
      await store.create(ref('job', 'a'), { text: '2' })
      expect(await names('job')).toEqual(['a'])
    })

    it('does not keep a list from its other files, nor is it said twice', async () => {
      for (const name of ['a', 'b', 'c']) await store.create(ref('job', name), { text: name })
      for (const name of ['jobs/b', 'backups/jobs/b', 'jobs/c']) await writeFile(inside(`${name}.json`), '')
      const [first, second] = [world.open(), world.open({ processes: fakeProcess(2) })]
      const read = async (from: Store) => {
        const found: string[] = []
        for await (const { name } of from.list('job', '')) found.push(name)
        return found
      }
      expect(await Promise.all([read(first), read(second), read(first)])).toEqual([
        ['a', 'c'],
        ['a', 'c'],
        ['a', 'c'],
      ])
      expect(world.problems.map(({ message }) => /jobs\/(\w)\.json is damaged/.exec(message)?.[1] ?? message).sort()).toEqual([
        'b',
        'c',
      ])
      expect(await files('corrupt')).toHaveLength(2)
    })

    it('is mended before an update or a removal compares versions', async () => {
      const created = await store.create(ref('run', 'a.100'), { text: '1' })
      await writeFile(inside('executions/1970-01/a.100.json'), 'x')
      const updated = await store.update(ref('run', 'a.100'), { text: '2' }, created.version)
      await writeFile(inside('executions/1970-01/a.100.json'), 'y')
      await refused('STORE_CONFLICT', store.remove(ref('run', 'a.100'), created.version))
      await store.remove(ref('run', 'a.100'), updated.version)
      expect(await names('run')).toEqual([])
      expect(await files('corrupt')).toHaveLength(2)
    })

    it('holds its name: a claim does not lapse', async () => {
      await store.create(ref('run', 'a.100'), { text: '1' })
      await writeFile(inside('executions/1970-01/a.100.json'), '')
      await refused('STORE_EXISTS', store.create(ref('run', 'a.100'), { text: '2' }))
    })

    it('just vanishes when it is a status', async () => {
      await store.create(ref('status', 'a.status'), { text: '{}' })
      await writeFile(inside('status/a.status.json'), '')
      expect(await store.get(ref('status', 'a.status'))).toBeUndefined()
      expect(await files('status')).toEqual([])
      expect(await files('corrupt')).toEqual([])
      expect(world.problems).toEqual([])
    })

    it('that cannot be mended for now is stood in for by its copy, and said once', async () => {
      const created = await store.create(ref('job', 'a'), { text: '1' })
      await writeFile(inside('jobs/a.json'), '')
      const readOnly = world.open({
        fs: faulty(nodeFileSystem, (call) =>
          ['open', 'link', 'mkdir', 'rename', 'unlink'].includes(call) ? { code: 'EROFS' } : undefined,
        ),
      })
      expect(await readOnly.get(ref('job', 'a'))).toEqual(created)
      expect(await readOnly.get(ref('job', 'a'))).toEqual(created)
      expect(world.problems.map(({ code }) => code)).toEqual(['STORE_FORBIDDEN'])
      expect(await files('jobs')).toEqual(['a.json'])
    })
  })

  describe('errors of the system', () => {
    const failing = (code: string, ...calls: string[]) =>
      world.open({ fs: faulty(nodeFileSystem, (call) => (calls.includes(call) ? { code } : undefined)) })
    const writes = ['open', 'link', 'rename', 'unlink']

    it.each([
      ['ENOSPC', 'STORE_FULL'],
      ['EDQUOT', 'STORE_FULL'],
      ['EROFS', 'STORE_FORBIDDEN'],
      ['EACCES', 'STORE_FORBIDDEN'],
      ['EPERM', 'STORE_FORBIDDEN'],
      ['EIO', 'STORE_UNAVAILABLE'],
      ['EMFILE', 'STORE_UNAVAILABLE'],
    ] as const)('%s is %s', async (code, wanted) => {
      const { version } = await store.create(ref('job', 'a'), { text: '1' })
      const broken = failing(code, ...writes)
      await refused(wanted, broken.create(ref('job', 'b'), { text: '1' }))
      await refused(wanted, broken.create(ref('run', 'b.m1'), { text: '1' }))
      await refused(wanted, broken.update(ref('job', 'a'), { text: '2' }, version))
      await refused(wanted, broken.remove(ref('job', 'a'), version))
      await refused(wanted, failing(code, 'readFile').get(ref('job', 'a')))
      await refused(wanted, failing(code, 'stat').get(ref('job', 'a')))
      await refused(wanted, failing(code, 'readdir').list('job', '')[Symbol.asyncIterator]().next())
      await refused(wanted, failing(code, 'readFile').list('job', '')[Symbol.asyncIterator]().next())
      expect((await store.get(ref('job', 'a')))?.text).toBe('1')
      expect(await names('job')).toEqual(['a'])
      expect(world.problems).toEqual([])
      expect(await files('corrupt')).toEqual([])
    })

    it('names the file and the reason', async () => {
      await store.create(ref('job', 'a'), { text: '1' })
      const error = await failing('EACCES', 'readFile')
        .get(ref('job', 'a'))
        .catch((error: unknown) => error)
      expect(error).toMatchObject({ message: `${inside('jobs/a.json')}: injected` })
    })

    it.skipIf(process.getuid?.() === 0)('a file without read rights is forbidden, not damaged', async () => {
      await store.create(ref('job', 'a'), { text: '1' })
      await chmod(inside('jobs/a.json'), 0)
      await refused('STORE_FORBIDDEN', store.get(ref('job', 'a')))
      expect(await files('corrupt')).toEqual([])
    })

    it('a file in the place of a folder is no reason to write elsewhere', async () => {
      await mkdir(world.folder)
      await writeFile(inside('jobs'), '')
      await refused('STORE_UNAVAILABLE', store.create(ref('job', 'a'), { text: '1' }))
      await refused('STORE_UNAVAILABLE', store.get(ref('job', 'a')))
    })

    it('a copy that cannot be written is told, and the document stands', async () => {
      const noBackups = world.open({
        fs: faulty(nodeFileSystem, (_, path) => (path.includes('backups') ? { code: 'ENOSPC' } : undefined)),
      })
      const created = await noBackups.create(ref('job', 'a'), { text: '1' })
      const updated = await noBackups.update(ref('job', 'a'), { text: '2' }, created.version)
      expect(await store.get(ref('job', 'a'))).toEqual(updated)
      expect(world.problems.map(({ code }) => code)).toEqual(['STORE_FULL', 'STORE_FULL'])
    })

    it('short writes are written to the end', async () => {
      const slow = world.open({ fs: faulty(nodeFileSystem, (call) => (call === 'write' ? 7 : undefined)) })
      const created = await slow.create(ref('job', 'a'), { text: 'ä'.repeat(500) })
      expect(await store.get(ref('job', 'a'))).toEqual(created)
      const updated = await slow.update(ref('job', 'a'), { text: 'ö'.repeat(500) }, created.version)
      expect(await store.get(ref('job', 'a'))).toEqual(updated)
    })

    it('a disk that takes nothing more and says nothing is an error too', async () => {
      const stuck = world.open({ fs: faulty(nodeFileSystem, (call) => (call === 'write' ? 0 : undefined)) })
      await refused('STORE_UNAVAILABLE', stuck.create(ref('job', 'a'), { text: '1' }))
      expect(await files('jobs')).toEqual([])
    })

    it('a lock that a running process does not give back is waited for, but not for ever', async () => {
      const { version } = await store.create(ref('job', 'a'), { text: '1' })
      await writeFile(inside('jobs/a.json.lock'), JSON.stringify({ ...fakeProcess(7).self, nonce: 'x' }))
      let error: unknown
      store.update(ref('job', 'a'), { text: '2' }, version).catch((caught: unknown) => (error = caught))
      await world.until(() => error !== undefined)
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: 'a.json.lock: held by process 7 for too long' })
      const dead7 = world.open({ processes: fakeProcess(1, (pid) => pid === 7) })
      await dead7.update(ref('job', 'a'), { text: '2' }, version)
      expect(await files('jobs')).toEqual(['a.json'])
    })
  })

  it('cleans up after dead processes, and after them only', async () => {
    await store.create(ref('job', 'a'), { text: '1' })
    await store.create(ref('run', 'a.100'), { text: '1' })
    const left = [
      'jobs/.tmp.7.start-7.x1',
      'executions/1970-01/.tmp.7.start-7.x1',
      'backups/jobs/.tmp.7.start-7.x1',
      '.tmp.7.start-7.x1',
    ]
    const running = ['jobs/.tmp.8.start-8.x1', 'jobs/b.json.lock']
    await writeFile(inside('other.lock'), 'what another program locks with')
    for (const path of [...left, ...running]) await writeFile(inside(path), JSON.stringify(fakeProcess(8).self))
    await writeFile(inside('executions/a.100.json.lock'), JSON.stringify(fakeProcess(7).self))
    await writeFile(inside('jobs/.take.0123'), JSON.stringify(fakeProcess(7).self))
    const later = world.open({ processes: fakeProcess(1, (pid) => pid === 7) })
    await later.get(ref('job', 'a'))
    expect(await files('jobs')).toHaveLength(5)
    await later.create(ref('job', 'c'), { text: '1' })
    expect(await files('jobs')).toEqual(['.tmp.8.start-8.x1', 'a.json', 'b.json.lock', 'c.json'])
    expect(await files('executions/1970-01')).toEqual(['a.100.json'])
    expect(await files('executions')).toEqual(['1970-01'])
    expect(await files('backups/jobs')).toEqual(['a.json', 'c.json'])
    expect(await files()).toEqual(['backups', 'executions', 'jobs', 'other.lock'])
  })

  it('finishes a removal that was cut off when the job is removed again', async () => {
    const job = await store.create(ref('job', 'a'), { text: '1' })
    await store.create(ref('run', 'a.100'), { text: '1', owner: { name: 'a', uid: job.uid } })
    const dying = world.open({
      fs: faulty(nodeFileSystem, (_, path) => (path.includes('executions/1970') ? 'crash' : undefined)),
    })
    await expect(dying.remove(ref('job', 'a'))).rejects.toThrow('crashed')
    expect(await names('run')).toEqual(['a.100'])
    await store.remove(ref('job', 'a'))
    expect(await names('run')).toEqual([])
  })

  it('leaves what a job owns that was made again while the old one was removed', async () => {
    const first = await store.create(ref('job', 'a'), { text: '1' })
    await store.create(ref('run', 'a.100'), { text: '1', owner: { name: 'a', uid: first.uid } })
    let isGone = false
    const unlink = async (path: string) => {
      await nodeFileSystem.unlink(path)
      if (isGone || path !== inside('jobs/a.json')) return
      isGone = true
      const second = await store.create(ref('job', 'a'), { text: '2' })
      await store.create(ref('run', 'a.101'), { text: '1', owner: { name: 'a', uid: second.uid } })
    }
    // the remover holds the job's lock meanwhile, so that the new job's copy has to wait: none is kept here
    store = world.open({ backup: false })
    await world.open({ fs: { ...nodeFileSystem, unlink } }).remove(ref('job', 'a'))
    expect(await names('job')).toEqual(['a'])
    expect(await names('run')).toEqual(['a.101'])
  })
})
