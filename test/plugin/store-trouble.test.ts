import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Cli, makeCli, makeFolder } from '../support/cli.ts'
import { putJob } from './records.ts'

const CRON = ['--cron', '0 2 * * *']

describe('a file where the store folder should be', () => {
  it.each([
    [['list', '--local']],
    [['status', 'a', '--local']],
    [['create', 'a', '--local', ...CRON]],
    [['enable', 'a', '--local']],
    [['disable', 'a', '--local']],
    [['delete', 'a', '--local', '--yes']],
    [['history', 'a', '--local']],
    [['run', 'a', '--local']],
    [['daemon', 'status']],
    [['daemon', 'stop']],
    [['daemon', 'reload']],
  ])('%j says so', async (argv) => {
    const base = await makeFolder()
    await writeFile(join(base, 'file'), '')
    for (const folder of [join(base, 'file'), join(base, 'file', 'deeper')]) {
      const cli = await makeCli({ folder })
      const said = await cli.run(...argv)
      expect(said.err).toMatch(/^error: .*file\/.*: not a directory \(STORE_UNAVAILABLE\)\n {2}\S/)
      expect(said).toMatchObject({ code: 1, out: '' })
    }
  })
})

describe('a damaged file', () => {
  async function withDamage(text: string): Promise<Cli> {
    const cli = await makeCli()
    for (const name of ['a', 'b']) await cli.out('create', name, '--local', ...CRON)
    await writeFile(join(cli.folder, 'jobs', 'a.json'), text)
    return cli
  }

  it.each(['', '{', 'null', '[]', '{"metadata": {}}', '\u0000\u0000', '\u001b[31m'])(
    '%j is moved aside and its copy put back, which is said once',
    async (text) => {
      const cli = await withDamage(text)
      const said = await cli.run('list', '--local', '-o', 'name')
      expect(said.err).toMatch(
        /^warning: .*a\.json is damaged \(.*\) and was moved to .*corrupt.*; the last copy was put back\n {2}nothing to do/,
      )
      expect(said).toMatchObject({ code: 0, out: 'job/a\njob/b\n' })
      expect(await cli.run('status', 'a', '--local', '-o', 'name')).toEqual({ code: 0, out: 'job/a\n', err: '' })
      const aside = (await readdir(join(cli.folder, 'corrupt')))[0] ?? ''
      expect(await readFile(join(cli.folder, 'corrupt', aside), 'utf8')).toBe(text)
    },
  )

  it('without a copy is moved aside, and the others are shown', async () => {
    const cli = await withDamage('{')
    await writeFile(join(cli.folder, 'backups', 'jobs', 'a.json'), 'damaged too')
    const said = await cli.run('list', '--local', '-o', 'name')
    expect(said.err).toMatch(/^warning: .*; there is no good copy of it\n {2}make it again/)
    expect(said).toMatchObject({ code: 0, out: 'job/b\n' })
  })

  it('status files are made again: they are a cache', async () => {
    const cli = await withDamage('{')
    await cli.out('list', '--local')
    await mkdir(join(cli.folder, 'status'), { recursive: true })
    for (const text of ['{', '{"schema": 2}']) {
      await writeFile(join(cli.folder, 'status', 'a.status.json'), text)
      expect(await cli.out('list', '--local', '-o', 'jsonpath={.items[*].status}')).toBe('pending pending')
    }
  })

  it('what is no file of ours is left alone', async () => {
    const cli = await withDamage('{')
    await cli.out('list', '--local')
    await writeFile(join(cli.folder, 'jobs', 'README'), 'x')
    await mkdir(join(cli.folder, 'jobs', 'folder.json'))
    expect(await cli.run('list', '--local', '-o', 'name')).toMatchObject({ code: 0, out: 'job/a\njob/b\n', err: '' })
    expect(await readdir(join(cli.folder, 'jobs'))).toContain('README')
  })
})

it('a job of a newer version is shown as such, and does not hide the others', async () => {
  const cli = await makeCli()
  await putJob(cli.store, 'a', { text: 'apiVersion: support-bundle-schedule.io/v2\nschedule: "@daily"\nnew: {}\n' })
  await putJob(cli.store, 'b')
  expect(await cli.out('list', '--local', '-o', 'jsonpath={.items[*].status}')).toBe('invalid pending')
  expect(await cli.out('status', 'a', '--local')).toMatch(/^Last error: .*apiVersion .*support-bundle-schedule.io\/v1/m)
})

/** A small disk of its own, where there may be one: root on Linux, mostly. */
function mountDisk(path: string): ((...options: string[]) => void) | undefined {
  const mount = (...options: string[]) => execFileSync('/bin/mount', [...options, path], { stdio: 'ignore' })
  try {
    mount('-t', 'tmpfs', '-o', 'size=256k', 'none')
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('/bin/umount', ['-l', path], { stdio: 'ignore' }))
  return mount
}

it('a full disk refuses what does not fit, and shows what is there', async ({ skip }) => {
  const folder = await makeFolder()
  if (!mountDisk(folder)) return skip('no disk can be mounted here')
  const cli = await makeCli({ folder })
  await cli.out('create', 'a', '--local', ...CRON)
  const rest = 'x'.repeat(4096)
  for (let isFull = false, count = 0; !isFull; count++)
    isFull = await writeFile(join(folder, `rest-${count}`), rest).then(
      () => false,
      () => true,
    )
  for (const argv of [
    ['create', 'b', '--local', ...CRON],
    ['disable', 'a', '--local'],
    ['run', 'a', '--local'],
  ]) {
    const said = await cli.run(...argv)
    expect(said.err, argv.join(' ')).toMatch(/^error: .*no space left on the device \(STORE_FULL\)\n {2}free some space/)
    expect(said).toMatchObject({ code: 1, out: '' })
  }
  expect(await cli.run('list', '--local', '-o', 'name')).toEqual({ code: 0, out: 'job/a\n', err: '' })
  expect((await readdir(join(folder, 'jobs'))).toSorted()).toEqual(['a.json'])
})

it('a disk that may only be read shows what is there, and refuses changes', async ({ skip }) => {
  const folder = await makeFolder()
  const mount = mountDisk(folder)
  if (!mount) return skip('no disk can be mounted here')
  const cli = await makeCli({ folder })
  for (const name of ['a', 'b']) await cli.out('create', name, '--local', ...CRON)
  await writeFile(join(folder, 'jobs', 'b.json'), '{')
  await mkdir(join(folder, 'requests'))
  mount('-o', 'remount,ro')
  for (const argv of [
    ['create', 'c', '--local', ...CRON],
    ['disable', 'a', '--local'],
    ['run', 'a', '--local'],
    ['delete', 'a', '--local', '--yes'],
  ]) {
    const said = await cli.run(...argv)
    expect(said.err, argv.join(' ')).toMatch(/^error: .*read-only file system \(STORE_FORBIDDEN\)\n {2}\S/)
    expect(said).toMatchObject({ code: 5, out: '' })
  }
  // The damaged file cannot be mended here: its copy stands in for it.
  expect(await cli.run('list', '--local', '-o', 'name')).toMatchObject({ code: 0, out: 'job/a\njob/b\n' })
  expect((await cli.run('daemon', 'status')).code).toBe(3)
})

it.skipIf(process.getuid?.() === 0)('a folder that this user may not write or read is refused', async () => {
  const cli = await makeCli()
  await cli.out('create', 'a', '--local', ...CRON)
  await chmod(join(cli.folder, 'jobs'), 0o500)
  onTestFinished(() => chmod(join(cli.folder, 'jobs'), 0o700))
  expect(await cli.run('create', 'b', '--local', ...CRON)).toMatchObject({
    code: 5,
    err: expect.stringContaining('permission denied (STORE_FORBIDDEN)') as string,
  })
  await chmod(join(cli.folder, 'jobs'), 0)
  expect((await cli.run('list', '--local')).code).toBe(5)
})

it.each(['name', 'jsonpath={.pid}'])('that no daemon runs is said where there is nothing to print: -o %s', async (format) => {
  const cli = await makeCli()
  const { code, out, err } = await cli.run('daemon', 'status', '-o', format)
  expect({ code, out }).toEqual({ code: 3, out: '' })
  expect(err).toMatch(/^no daemon runs for \S+\n$/)
})
