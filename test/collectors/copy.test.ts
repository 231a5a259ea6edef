import { describe, expect, it } from 'vitest'
import copy from '../../collectors/copy/index.ts'
import type { Output } from '../../core/contract/index.ts'
import { collectorContext, type FakeCluster, type FakeExec, fakeKube, forbidden } from '../../core/testkit/index.ts'
import { paxRecord, tarBytes, tarPart } from '../support/tar-bytes.ts'
import { aPod, payments } from './clusters.ts'
import { codes, collectFrom, issues, texts } from './collect.ts'

const ROOT = 'conf/payments/web-1/etc'
const entry = { name: 'conf', selector: ['app=web'], containerPath: '/etc/app' }
const pods = (...all: object[]) => ({ ...payments.objects, '/api/v1/pods': all })
const one = pods(aPod({ name: 'web-1' }))
const gives = (answer: FakeExec | Error, objects = one): FakeCluster => ({
  ...payments,
  objects,
  execs: { 'payments/web-1/web': answer, 'payments/web-1/other': answer },
})
const plain = {
  stdout: tarBytes([
    { name: 'app/', flag: '5' },
    { name: 'app/a.conf', body: 'a=1\n' },
    { name: 'app/sub/b', body: 'b\n' },
  ]),
}

describe('copy', () => {
  it('writes the files of a folder below its own path', async () => {
    const commands: string[][] = []
    const cluster = { ...gives(plain), execs: { 'payments/web-1/web': (command: string[]) => (commands.push(command), plain) } }
    const gathered = await collectFrom(copy, entry, cluster)
    expect(texts(gathered)).toEqual({ [`${ROOT}/app/a.conf`]: 'a=1\n', [`${ROOT}/app/sub/b`]: 'b\n' })
    expect(commands).toEqual([['tar', '-C', '/etc', '-cf', '-', 'app']])
    expect(codes(gathered)).toEqual([])
  })

  it.each<[object, string]>([
    [{ containerName: 'other' }, 'conf/payments/web-1/other/etc/app/a.conf'],
    [{ containerPath: '/etc//app/' }, `${ROOT}/app/a.conf`],
    [{ containerPath: 'app' }, 'conf/payments/web-1/app/a.conf'],
    [{ name: '' }, 'payments/web-1/etc/app/a.conf'],
    [{ name: '/lead/x/' }, 'lead/x/payments/web-1/etc/app/a.conf'],
  ])('names its files after %j', async (more, path) => {
    expect(Object.keys(texts(await collectFrom(copy, { ...entry, ...more }, gives(plain))))).toContain(path)
  })

  it('copies a file whose name begins like an option', async () => {
    const commands: string[][] = []
    const cluster = { ...gives(plain), execs: { 'payments/web-1/web': (command: string[]) => (commands.push(command), plain) } }
    await collectFrom(copy, { ...entry, containerPath: '/tmp/--checkpoint-action=exec=sh' }, cluster)
    expect(commands[0]?.at(-1)).toBe('./--checkpoint-action=exec=sh')
  })

  it('copies from all pods that run, and says which do not', async () => {
    const objects = pods(
      aPod({ name: 'web-1' }),
      aPod({ name: 'web-0', status: { phase: 'Succeeded' } }),
      aPod({ name: 'web-2' }),
    )
    const cluster = { ...gives(plain, objects), execs: { 'payments/web-1/web': plain, 'payments/web-2/web': plain } }
    const gathered = await collectFrom(copy, entry, cluster)
    const files = texts(gathered)
    expect(Object.keys(files).filter((path) => path.endsWith('a.conf'))).toEqual([
      `${ROOT}/app/a.conf`,
      'conf/payments/web-2/etc/app/a.conf',
    ])
    expect(JSON.parse(files['conf/payments/web-0/etc/app-errors.json'] ?? '')).toEqual({
      '/etc/app/error': 'nothing can be copied: it is Succeeded',
    })
    expect(gathered.warnings).toEqual([expect.not.objectContaining({ isLoss: true })])
  })

  it('never follows a link, and takes nothing that would lead out of its folder', async () => {
    const stdout = tarBytes([
      { name: 'app/link', flag: '2', linkTo: '/etc/passwd' },
      { name: 'app/hard', flag: '1', linkTo: 'app/a' },
      { name: 'app/device', flag: '3' },
      { name: '../../../version.yaml', body: 'x' },
      { name: 'app/../../x', body: 'x' },
      { name: '/etc/cron.d/x', body: 'x' },
      { name: 'pax', flag: 'x', body: paxRecord('path', '../longer/name') },
      { name: 'app/named-by-pax', body: 'x' },
      { name: '././@LongLink', flag: 'L', body: '../../of/gnu\0' },
      { name: 'app/named-by-gnu', body: 'x' },
      { name: './app/./good', body: 'good' },
    ])
    const gathered = await collectFrom(copy, entry, gives({ stdout }))
    expect(texts(gathered)).toEqual({ [`${ROOT}/app/good`]: 'good' })
    expect(gathered.warnings.map(({ message }) => message)).toEqual([
      'payments/web-1: "app/link" (and 1 more) is left out: a link, which is not followed',
      'payments/web-1: "app/device" is left out: a device, a sparse file or the like',
      'payments/web-1: "../../../version.yaml" (and 4 more) is left out: a name that leads out of its folder',
    ])
  })

  it('makes odd names safe', async () => {
    const stdout = tarBytes([
      { name: 'app/a\\b', body: '1' },
      { name: 'app/line\nfeed', body: '2' },
      { name: 'app/... /x', body: '3' },
    ])
    expect(texts(await collectFrom(copy, entry, gives({ stdout })))).toEqual({
      [`${ROOT}/app/a_b`]: '1',
      [`${ROOT}/app/line_feed`]: '2',
      [`${ROOT}/app/_/x`]: '3',
    })
  })

  it('tells text from what cannot be redacted as text', async () => {
    const stdout = tarBytes([
      { name: 'app/log.1', body: 'text' },
      { name: 'app/core', body: 'a\0b' },
      { name: 'app/x.tgz', body: Buffer.from('1f8b0801', 'hex') },
      { name: 'app/large', body: 'x'.repeat(600_000) },
      { name: 'app/large.bin', body: `\0${'x'.repeat(600_000)}` },
    ])
    const { files } = await collectFrom(copy, entry, gives({ stdout }))
    expect(files.map(({ format }) => format)).toEqual(['text', 'binary', 'binary', 'text', 'binary'])
    expect(files.map(({ bytes }) => bytes.length)).toEqual([4, 3, 4, 600_000, 600_001])
  })

  it('keeps what came before the archive broke off', async () => {
    const stdout = Buffer.concat([tarPart({ name: 'app/a', body: 'a' }), tarPart({ name: 'app/b', body: 'b', size: 9000 })])
    const gathered = await collectFrom(
      copy,
      entry,
      gives({ stdout, stderr: 'tar: careful\n', breaksWith: new Error('the connection was cut') }),
    )
    expect(texts(gathered)).toEqual({
      [`${ROOT}/app/a`]: 'a',
      [`${ROOT}/app-errors.json`]:
        '{\n  "/etc/app/error": "the connection was cut",\n  "/etc/app/stderr": "tar: careful\\n"\n}\n',
    })
    expect(gathered.warnings).toMatchObject([{ code: 'COPY_FAILED', isLoss: true }])
  })

  it('keeps all that came when tar was not content', async () => {
    const cluster = gives({ ...plain, exitCode: 1, stderr: 'tar: file changed as we read it\n' })
    const files = texts(await collectFrom(copy, entry, cluster))
    expect(files[`${ROOT}/app/a.conf`]).toBe('a=1\n')
    expect(JSON.parse(files[`${ROOT}/app-errors.json`] ?? '')).toEqual({
      '/etc/app/error': 'command terminated with exit code 1',
      '/etc/app/stderr': 'tar: file changed as we read it\n',
    })
  })

  it('says how tar ended, when the archive broke off with it', async () => {
    const stdout = Buffer.concat([tarPart({ name: 'app/a', body: 'a' }), tarPart({ name: 'app/b', body: 'b', size: 9000 })])
    const files = texts(await collectFrom(copy, entry, gives({ stdout, exitCode: 137 })))
    expect(files[`${ROOT}/app-errors.json`]).toContain('"command terminated with exit code 137"')
  })

  it('ends with the run, and says nothing of what is missing then', async () => {
    const run = new AbortController()
    const { value: config } = (await copy.configSchema['~standard'].validate(entry)) as { value: never }
    const seen: string[] = []
    const work = async () => {
      const kube = fakeKube(gives({ ...plain, breaksWith: new Error('cut') }))
      for await (const output of copy.collect(collectorContext({ config, kube, namespaces: ['*'], signal: run.signal }))) {
        seen.push(output.type)
        run.abort(new Error('cancelled'))
      }
    }
    await expect(work()).rejects.toThrow('cancelled')
    expect(seen).not.toContain('warning')
    expect(seen.length).toBeLessThan(3)
  })

  it('says that there is no such path, and that is no loss', async () => {
    const stderr = 'tar: app: Cannot stat: No such file or directory\n'
    const gathered = await collectFrom(copy, entry, gives({ stdout: Buffer.alloc(1024), exitCode: 2, stderr }))
    expect(Object.keys(texts(gathered))).toEqual([`${ROOT}/app-errors.json`])
    expect(gathered.warnings).toMatchObject([{ code: 'COPY_FAILED', isLoss: false }])
  })

  it.each<[string, FakeExec | Error]>([
    ['the shell', { exitCode: 127, stderr: 'sh: tar: not found' }],
    ['the runtime', new Error('exec failed: "tar": executable file not found in $PATH')],
  ])('says that the container has no tar, as %s does', async (_, answer) => {
    const files = texts(await collectFrom(copy, entry, gives(answer)))
    expect(files[`${ROOT}/app-errors.json`]).toContain('container \\"web\\" has no program \\"tar\\": ')
  })

  it('writes why not, when the right is missing', async () => {
    const gathered = await collectFrom(copy, entry, gives(forbidden('pods/exec')))
    expect(Object.keys(texts(gathered))).toEqual([`${ROOT}/app-errors.json`])
    expect(gathered.warnings).toMatchObject([{ code: 'COPY_FAILED', isLoss: false }])
  })

  it('says that something gave no archive', async () => {
    for (const lines of [60, 60_000]) {
      const files = texts(await collectFrom(copy, entry, gives({ stdout: 'usage: tar\n'.repeat(lines) })))
      expect(files[`${ROOT}/app-errors.json`]).toContain('what it gave is no tar archive')
    }
  })

  it('says that there is nothing: no file, no pod, no right to look', async () => {
    expect(codes(await collectFrom(copy, entry, gives({ stdout: tarBytes([]) })))).toEqual(['COPY_NOTHING_FOUND'])
    expect(codes(await collectFrom(copy, { ...entry, selector: ['app=none'] }, gives(plain)))).toEqual(['COPY_NO_POD'])
    const refused = await collectFrom(
      copy,
      { ...entry, namespace: 'a' },
      { answers: { '/api/v1/namespaces/a/pods': forbidden('pods') } },
    )
    expect([Object.keys(texts(refused)), codes(refused)]).toEqual([['conf-errors.json'], ['COPY_MISSING']])
  })

  it('goes on behind a large file that nobody reads, and gives it to nobody later', async () => {
    const stdout = tarBytes([
      { name: 'app/large', body: 'x'.repeat(600_000) },
      { name: 'app/small', body: 'y' },
    ])
    const { value: config } = (await copy.configSchema['~standard'].validate(entry)) as { value: never }
    const outputs: Output[] = []
    const kube = fakeKube(gives({ stdout }))
    for await (const output of copy.collect(collectorContext({ config, kube, namespaces: ['*'] }))) outputs.push(output)
    expect(outputs.map((output) => 'path' in output && output.path)).toEqual([`${ROOT}/app/large`, `${ROOT}/app/small`])
    const [large] = outputs
    const late = async () => {
      if (large?.type === 'file' && typeof large.body === 'function') for await (const _ of large.body());
    }
    await expect(late()).rejects.toThrow('this body can be read once, before the next output is asked for')
  })
})

it.each<[string, string]>([
  ['/', 'must name a file or a folder, not all that there is'],
  ['', 'must name a file or a folder, not all that there is'],
  ['../x', 'must not lead out of the working directory'],
  ['a/../../x', 'must not lead out of the working directory'],
])('refuses the path %j', async (containerPath, message) => {
  expect(await issues(copy, { ...entry, containerPath })).toEqual([`containerPath: ${message}`])
})
