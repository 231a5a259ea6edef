import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Run } from '../../core/run.ts'
import { json } from '../core/kube/fake-server.ts'
import { type Cli, makeCli } from '../support/cli.ts'
import { fakeAgentCluster, type FakeAgentCluster, type FakePod } from './fake-agent.ts'
import { putJob, putRun } from './records.ts'

const CONTENT = 'x'.repeat(300_000)
const sha256 = createHash('sha256').update(CONTENT).digest('hex')
const facts = { fileName: 'nightly-1.tar.gz', bytes: CONTENT.length, sha256, files: 3, isPartial: false }
const HOLDER = { pid: 1, startId: 's', replica: 'uid-a' }

const sends: RequestListener = (_, response) => response.end(CONTENT)
const says =
  (status: number, message: string, remedy?: string): RequestListener =>
  (_, response) =>
    json(response, { code: 'X', message, remedy }, status)

interface Place {
  cli: Cli
  cluster: FakeAgentCluster
  run: string
}

async function inCluster(
  pods: FakePod[],
  change: Partial<Run> = {},
  deny: Parameters<typeof fakeAgentCluster>[1] = {},
  edge: Parameters<typeof makeCli>[0] = {},
): Promise<Place> {
  const cluster = await fakeAgentCluster(pods, deny)
  const cli = await makeCli({ ...cluster.edge, ...edge })
  const job = await putJob(cluster.store, 'nightly')
  const bundle = { ...facts, path: '/work/namespaces/payments/bundles/nightly/nightly-1.tar.gz' }
  return { cli, cluster, run: await putRun(cluster.store, job, '29551800', { bundle, holder: HOLDER, ...change }) }
}

const a = (serve: RequestListener, more: Partial<FakePod> = {}): FakePod => ({ name: 'agent-a', uid: 'uid-a', serve, ...more })
const b = (serve: RequestListener, more: Partial<FakePod> = {}): FakePod => ({ name: 'agent-b', uid: 'uid-b', serve, ...more })

describe('download from a cluster', () => {
  it('gets the bundle from the pod that keeps it, with a token of ten minutes for nothing else', async () => {
    const { cli, cluster, run } = await inCluster([b(sends), a(sends, { isReady: false })])
    expect(await cli.run('download', run)).toMatchObject({ code: 0, out: `${join(cli.cwd, 'nightly-1.tar.gz')}\n` })
    expect(await readFile(join(cli.cwd, 'nightly-1.tar.gz'), 'utf8')).toBe(CONTENT)
    expect(cluster.asked).toEqual([`agent-a /api/v1/namespaces/payments/runs/${run}/bundle Bearer viewer-token`])
    expect(cluster.tokens).toEqual([
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: ['support-bundle-schedule'], expirationSeconds: 600 },
      },
    ])
    expect(await readdir(cli.cwd), 'and nothing beside it').toEqual(['nightly-1.tar.gz'])
  })

  it('puts it where it was told to, as collect does', async () => {
    const { cli, run } = await inCluster([a(sends)])
    expect((await cli.run('download', run, '--to', 'sub/')).out).toBe(`${join(cli.cwd, 'sub/nightly-1.tar.gz')}\n`)
    expect((await cli.run('download', run, '--to', 'sub')).out).toBe(`${join(cli.cwd, 'sub/nightly-1-2.tar.gz')}\n`)
    expect((await cli.run('download', run, '--to', 'named')).out).toBe(`${join(cli.cwd, 'named.tar.gz')}\n`)
    const data = JSON.parse((await cli.run('download', run, '-o', 'json')).out) as object
    expect(data).toEqual({ run, path: join(cli.cwd, 'nightly-1.tar.gz'), bytes: CONTENT.length, sha256, isPartial: false })
  })

  it('asks the other pods when the one that kept it does not have it, or cannot be reached', async () => {
    const gone = await inCluster([a(says(410, 'gone')), b(sends)])
    expect((await gone.cli.run('download', gone.run)).code).toBe(0)
    const moved = await inCluster([a(says(404, 'no'), { uid: 'uid-new' }), b(sends)], {
      holder: { ...HOLDER, replica: 'uid-old' },
    })
    expect((await moved.cli.run('download', moved.run)).code).toBe(0)
    const dead = await inCluster([a((request) => request.socket.destroy()), b(sends)])
    expect((await dead.cli.run('download', dead.run)).code).toBe(0)
  })

  it('finds the port of the API by its name', async () => {
    const { cli, run } = await inCluster([a(sends, { port: 8443 })])
    expect((await cli.run('download', run)).code).toBe(0)
  })

  const failures: [string, () => Promise<Place>, number, RegExp[]][] = [
    ['no pod', () => inCluster([]), 3, [/AGENT_NOT_FOUND/, /kubectl get pods -n support-bundle-schedule/]],
    [
      'only pods that end or have not begun',
      () => inCluster([a(sends, { phase: 'Pending' }), b(sends, { isDeleted: true })]),
      3,
      [/AGENT_NOT_FOUND/],
    ],
    ['no right to list pods', () => inCluster([a(sends)], {}, { pods: 403 }), 5, [/AGENT_FORBIDDEN/, /pods\/portforward/]],
    ['no right to a token', () => inCluster([a(sends)], {}, { token: 403 }), 5, [/AGENT_FORBIDDEN/, /serviceaccounts\/token/]],
    ['no viewer', () => inCluster([a(sends)], {}, { token: 404 }), 3, [/AGENT_VIEWER_MISSING/, /install --with viewer/]],
    ['no right to forward', () => inCluster([a(sends, { isForbidden: true })]), 5, [/AGENT_FORBIDDEN.*\n.*pods\/portforward/]],
    [
      'an agent that refuses',
      () => inCluster([a(says(403, 'user "v" may not', 'ask'))]),
      5,
      [/the agent in pod "agent-a" refused: user "v" may not \(AGENT_REFUSED\)\n {2}ask/],
    ],
    ['an agent that is busy', () => inCluster([a(says(429, 'too much'))]), 1, [/too much \(AGENT_UNREACHABLE\)/]],
    [
      'a pod that hangs up',
      () => inCluster([a((request) => request.socket.destroy())]),
      1,
      [/AGENT_UNREACHABLE/, /kubectl logs/],
    ],
    [
      'a bundle whose pod is gone',
      () => inCluster([b(says(421, 'another replica has it'))]),
      3,
      [/BUNDLE_NOT_KEPT/, /the pod that kept it is gone/, /durable-outbox/],
    ],
    [
      'a bundle that was removed',
      () => inCluster([a(says(410, 'it is not kept any more'))]),
      3,
      [/it is not kept any more/, /retention/],
    ],
    [
      'a bundle that was delivered',
      () =>
        inCluster([], {
          bundle: facts,
          deliveries: [{ uploader: 's3', state: 'delivered', tries: 1, location: 's3://acme/nightly-1.tar.gz' }],
        }),
      3,
      [/it was delivered to s3:\/\/acme\/nightly-1.tar.gz \(BUNDLE_NOT_KEPT\)/],
    ],
    ['a run that is at work', () => inCluster([], { phase: 'running', bundle: undefined } as object), 3, [/still at work/]],
    [
      'a run that failed',
      () => inCluster([], { bundle: undefined, outcome: 'failed', error: { code: 'X', message: 'no memory' } } as object),
      3,
      [/no memory \(BUNDLE_NOT_MADE\)\n.*history nightly/],
    ],
    ['a longer bundle', () => inCluster([a((_, response) => response.end(`${CONTENT}y`))]), 1, [/BUNDLE_DAMAGED/, /larger than/]],
    ['a shorter bundle', () => inCluster([a((_, response) => response.end('y'))]), 1, [/BUNDLE_DAMAGED/, /1 bytes instead of/]],
    [
      'another bundle of this size',
      () => inCluster([a((_, response) => response.end('y'.repeat(CONTENT.length)))]),
      1,
      [/BUNDLE_DAMAGED/, /sha256/],
    ],
    [
      'a connection that is cut in the middle',
      () =>
        inCluster([
          a((_, response) => {
            response.writeHead(200, { 'content-length': CONTENT.length })
            response.write('x'.repeat(70_000), () => response.destroy())
          }),
        ]),
      1,
      [/AGENT_UNREACHABLE/],
    ],
  ]
  it.each(failures)('%s: says so, and leaves nothing behind', async (_, make, code, texts) => {
    const { cli, run } = await make()
    const said = await cli.run('download', run)
    for (const text of texts) expect(said.err).toMatch(text)
    expect(said).toMatchObject({ code, out: '' })
    expect(said.err).not.toContain('viewer-token')
    expect(await readdir(cli.cwd)).toEqual([])
  })

  it.each(['nightly.m99', 'nightly', '../../etc', 'nightly.status'])('no run %s', async (name) => {
    const { cli } = await inCluster([a(sends)])
    const said = await cli.run('download', name)
    expect(said.err).toContain('RUN_NOT_FOUND')
    expect(said.code).toBe(3)
  })

  it('keeps the file that was there when the download fails', async () => {
    const { cli, run } = await inCluster([a((_, response) => response.end('y'))])
    await writeFile(join(cli.cwd, 'old.tar.gz'), 'old')
    expect((await cli.run('download', run, '--to', 'old.tar.gz')).code).toBe(1)
    expect(await readFile(join(cli.cwd, 'old.tar.gz'), 'utf8')).toBe('old')
  })

  it('ends with Ctrl-C, and leaves nothing behind', async () => {
    const stop = new AbortController()
    const slow: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length })
      response.write('x'.repeat(1000), () => stop.abort(new Error('interrupted')))
    }
    const { cli, run } = await inCluster([a(slow)], {}, {}, { signal: stop.signal })
    expect(await cli.run('download', run)).toMatchObject({ code: 130, err: expect.stringContaining('WAIT_INTERRUPTED') })
    expect(await readdir(cli.cwd)).toEqual([])
  })
})

describe('download on this computer', () => {
  async function local(change: Partial<Run['bundle'] & object> = {}): Promise<Place> {
    const cli = await makeCli()
    const cluster = await fakeAgentCluster([])
    await mkdir(join(cli.folder, 'bundles', 'nightly'), { recursive: true })
    const path = join(cli.folder, 'bundles', 'nightly', 'nightly-1.tar.gz')
    await writeFile(path, CONTENT)
    const job = await putJob(cli.store, 'nightly')
    return { cli, cluster, run: await putRun(cli.store, job, 'm1', { bundle: { ...facts, path, ...change } }) }
  }

  it('copies what the run recorded', async () => {
    const { cli, run } = await local()
    expect(await cli.run('download', run, '--local', '--to', 'copy')).toMatchObject({ code: 0 })
    expect(await readFile(join(cli.cwd, 'copy.tar.gz'), 'utf8')).toBe(CONTENT)
  })

  it('says when it is not there any more, or is another one', async () => {
    const gone = await local({ path: '/nope/a.tar.gz' })
    const said = await gone.cli.run('download', gone.run, '--local')
    expect(said).toMatchObject({
      code: 3,
      err: expect.stringMatching(/\/nope\/a.tar.gz is not there any more \(BUNDLE_NOT_KEPT\)\n.*retention/),
    })
    const other = await local({ sha256: '0'.repeat(64) })
    expect((await other.cli.run('download', other.run, '--local')).err).toContain('BUNDLE_DAMAGED')
    expect(await readdir(other.cli.cwd)).toEqual([])
  })

  it('says when the disk or folder cannot take it', async () => {
    const { cli, run } = await local()
    await writeFile(join(cli.cwd, 'file'), '')
    expect(await cli.run('download', run, '--local', '--to', 'file/x/')).toMatchObject({
      code: 2,
      err: expect.stringContaining('flag "--to" names no folder'),
    })
  })
})
