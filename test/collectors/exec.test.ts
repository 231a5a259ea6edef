import { describe, expect, it } from 'vitest'
import exec from '../../collectors/exec/index.ts'
import { ExecConfig } from '../../collectors/exec/schema.ts'
import { type FakeCluster, type FakeExec, fakeKube, forbidden } from '../../core/testkit/index.ts'
import { LABEL_RUN } from '../../core/names.ts'
import { FakeClock } from '../support/clock.ts'
import { aPod, payments } from './clusters.ts'
import { codes, collectFrom, issues, texts } from './collect.ts'

const ROOT = 'ping/payments/web-1'
const entry = { name: 'ping', selector: ['app=web'], command: ['sh', '-c'], args: ['redis-cli ping'] }
const says = (answer: FakeExec | Error, more: FakeCluster = {}): FakeCluster => ({
  ...payments,
  ...more,
  execs: { 'payments/web-1/web': answer, 'payments/web-1/other': answer },
})

describe('exec', () => {
  it('writes what the command prints, and runs it as it stands', async () => {
    const seen: string[][] = []
    const cluster = {
      ...payments,
      execs: { 'payments/web-1/web': (command: string[]) => (seen.push(command), { stdout: 'PONG\n', stderr: 'oops\n' }) },
    }
    const gathered = await collectFrom(exec, entry, cluster)
    expect(texts(gathered)).toEqual({ [`${ROOT}/web-stdout.txt`]: 'PONG\n', [`${ROOT}/web-stderr.txt`]: 'oops\n' })
    expect(seen).toEqual([['sh', '-c', 'redis-cli ping']])
    expect(codes(gathered)).toEqual([])
  })

  it.each([
    [{ collectorName: 'redis' }, `${ROOT}/redis-stdout.txt`],
    [{ containerName: 'other' }, `${ROOT}/other-stdout.txt`],
    [{ name: '' }, 'payments/web-1/web-stdout.txt'],
  ])('names its files after %j', async (more, path) => {
    expect(Object.keys(texts(await collectFrom(exec, { ...entry, ...more }, says({ stdout: 'x' }))))).toEqual([path])
  })

  it('writes no file for what is empty', async () => {
    expect(texts(await collectFrom(exec, entry, says({})))).toEqual({})
  })

  it('tells an exit code as the peer does, and that is no loss', async () => {
    const gathered = await collectFrom(exec, entry, says({ stdout: 'before\n', exitCode: 3 }))
    expect(texts(gathered)).toEqual({
      [`${ROOT}/web-stdout.txt`]: 'before\n',
      [`${ROOT}/web-errors.json`]: '[\n  "command terminated with exit code 3"\n]\n',
    })
    expect(gathered.warnings).toEqual([expect.not.objectContaining({ isLoss: true })])
  })

  it.each<[string, Error, boolean]>([
    ['a vanished pod', Object.assign(new Error('pods "web-1" not found'), { code: 'API_NOT_FOUND', class: 'config' }), false],
    ['a right that is missing', forbidden('pods/exec'), false],
    ['a connection that cannot be had', new Error('reset'), true],
  ])('writes why not: %s', async (_, error, isLoss) => {
    const gathered = await collectFrom(exec, entry, says(error))
    expect(texts(gathered)).toEqual({ [`${ROOT}/web-errors.json`]: `${JSON.stringify([error.message], undefined, 2)}\n` })
    expect(gathered.warnings).toMatchObject([{ code: 'EXEC_FAILED', isLoss }])
    expect(gathered.error).toBeUndefined()
  })

  it('keeps what came before the connection broke', async () => {
    const gathered = await collectFrom(exec, entry, says({ stdout: 'half', stderr: 'oops', breaksWith: new Error('cut') }))
    expect(texts(gathered)).toEqual({
      [`${ROOT}/web-stdout.txt`]: 'half',
      [`${ROOT}/web-stderr.txt`]: 'oops',
      [`${ROOT}/web-errors.json`]: '[\n  "cut"\n]\n',
    })
    expect(gathered.warnings).toMatchObject([{ isLoss: true }])
  })

  it.each([
    ['a NUL byte', Buffer.from('ab\0c')],
    ['the begin of gzip', Buffer.from('1f8b08', 'hex')],
  ])('calls binary what has %s', async (_, stdout) => {
    expect((await collectFrom(exec, entry, says({ stdout }))).files).toMatchObject([{ format: 'binary' }])
  })

  it('takes the first pod that runs, and says which it passed over', async () => {
    const pods = [aPod({ name: 'web-0', status: { phase: 'Pending' } }), aPod({ name: 'web-1' }), aPod({ name: 'web-2' })]
    const objects = { ...payments.objects, '/api/v1/pods': pods }
    const gathered = await collectFrom(exec, entry, says({ stdout: 'x' }, { objects }))
    expect(Object.keys(texts(gathered))).toEqual([`${ROOT}/web-stdout.txt`])
    expect(gathered.warnings).toEqual([
      expect.objectContaining({ code: 'EXEC_PASSED_OVER', message: expect.stringMatching('web-0.*Pending.*payments/web-1') }),
    ])
  })

  it('does not run in a pod that another entry created', async () => {
    const pods = [aPod({ name: 'web-0', labels: { app: 'web', [LABEL_RUN]: 'nightly.1' } }), aPod({ name: 'web-1' })]
    const objects = { ...payments.objects, '/api/v1/pods': pods }
    const gathered = await collectFrom(exec, entry, says({ stdout: 'x' }, { objects }))
    expect([Object.keys(texts(gathered)), codes(gathered)]).toEqual([[`${ROOT}/web-stdout.txt`], []])
  })

  it('passes over a pod that is being deleted', async () => {
    const going = aPod({ name: 'web-0' })
    const pods = [
      { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
      aPod({ name: 'web-1' }),
    ]
    const objects = { ...payments.objects, '/api/v1/pods': pods }
    expect(Object.keys(texts(await collectFrom(exec, entry, says({ stdout: 'x' }, { objects }))))).toEqual([
      `${ROOT}/web-stdout.txt`,
    ])
  })

  it('says that there is no pod, and writes nothing', async () => {
    const gathered = await collectFrom(exec, { ...entry, selector: ['app=none'] }, payments)
    expect([texts(gathered), codes(gathered)]).toEqual([{}, ['EXEC_NO_POD']])
  })

  it.each([
    [{ name: 'ping' }, 'ping-errors.json'],
    [{ name: '', collectorName: 'c' }, 'c-errors.json'],
    [{ name: '' }, 'errors.json'],
  ])('writes that pods could not be listed: %j', async (more, path) => {
    const answers = { '/api/v1/namespaces/a/pods': forbidden('pods') }
    const gathered = await collectFrom(exec, { ...entry, ...more, namespace: 'a' }, { answers })
    expect(texts(gathered)).toEqual({ [path]: '[\n  "pods is forbidden"\n]\n' })
    expect(gathered.warnings).toMatchObject([{ code: 'EXEC_MISSING', isLoss: false }])
  })

  it('runs in a namespace that it may see, and says that others cannot be looked at', async () => {
    const answers = { '/api/v1/namespaces/empty/pods': forbidden('pods in empty') }
    const gathered = await collectFrom(exec, entry, says({ stdout: 'x' }, { answers }), { namespaces: ['empty', 'payments'] })
    expect(Object.keys(texts(gathered))).toEqual(['ping-errors.json', `${ROOT}/web-stdout.txt`])
  })
})

describe('the end of exec', () => {
  /** A command that prints once and then nothing more. */
  function silent(onSignal: (signal: AbortSignal) => void = () => undefined) {
    const kube = fakeKube(payments)
    return {
      ...kube,
      exec: async (_pod: object, _command: string[], { signal }: { signal?: AbortSignal } = {}) => {
        if (!signal) throw new Error('there is no end')
        onSignal(signal)
        const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        aborted.catch(() => undefined)
        return {
          stdout: async function* () {
            yield Buffer.from('begun\n')
            await aborted
          },
          stderr: async function* () {
            await aborted.catch(() => undefined)
            yield Buffer.from('careful\n')
          },
          exitCode: aborted,
        }
      },
    }
  }
  const context = (clock: FakeClock, signal = new AbortController().signal, more = {}) => ({
    ...{ config: ExecConfig.parse({ ...entry, timeout: '5s' }), namespaces: ['*'], signal, clock },
    kube: silent(),
    ...more,
  })

  it('comes by itself: its time is not waited for', async () => {
    const clock = new FakeClock()
    const kube = fakeKube(says({ stdout: 'PONG\n' }))
    for await (const _ of exec.collect(context(clock, undefined, { kube }) as never));
    await clock.advance(1)
    expect(clock.sleeping).toBe(0)
  })

  it('comes when its time is over: what was printed stays', async () => {
    const clock = new FakeClock()
    const outputs: string[] = []
    const work = (async () => {
      for await (const output of exec.collect(context(clock) as never)) {
        if (output.type === 'warning') outputs.push(`${output.code} ${output.isLoss}`)
        else if (typeof output.body === 'function')
          for await (const piece of output.body()) outputs.push(Buffer.from(piece).toString())
        else outputs.push(`${output.path} ${String(output.body)}`)
      }
    })()
    await clock.advance(4_999)
    expect(outputs).toEqual(['begun\n'])
    await clock.advance(1)
    await work
    expect(outputs).toEqual([
      'begun\n',
      `${ROOT}/web-stderr.txt careful\n`,
      `${ROOT}/web-errors.json [\n  "timeout"\n]\n`,
      'EXEC_FAILED true',
    ])
    expect(clock.sleeping).toBe(0)
  })

  it('comes when its time is over, also before the command began', async () => {
    const clock = new FakeClock()
    const kube = {
      ...fakeKube(payments),
      exec: (_pod: object, _command: string[], { signal }: { signal?: AbortSignal } = {}) =>
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('socket hang up')))),
    }
    const bodies: unknown[] = []
    const work = (async () => {
      for await (const output of exec.collect(context(clock, undefined, { kube }) as never))
        if ('body' in output) bodies.push(output.body)
    })()
    await clock.advance(5000)
    await work
    expect(bodies).toEqual(['[\n  "timeout"\n]\n'])
  })

  it('comes with the run: nothing is said of the command', async () => {
    const run = new AbortController()
    const outputs: unknown[] = []
    const work = async () => {
      for await (const output of exec.collect(context(new FakeClock(), run.signal) as never)) {
        outputs.push(output.type)
        if (output.type !== 'file' || typeof output.body !== 'function') continue
        const body = output.body()
        // No body is whole that the run cut off.
        const reading = (async () => {
          for await (const _ of body) run.abort(new Error('cancelled'))
        })()
        await expect(reading).rejects.toThrow('cancelled')
      }
    }
    await expect(work()).rejects.toThrow('cancelled')
    expect(outputs).toEqual(['file'])
  })

  it.each(['never opened', 'left'])('comes when its output is %s: the connection is ended', async (how) => {
    let connection: AbortSignal | undefined
    const more = { kube: silent((signal) => (connection = signal)), config: ExecConfig.parse(entry) }
    const outputs: unknown[] = []
    for await (const output of exec.collect(context(new FakeClock(), undefined, more) as never)) {
      outputs.push(output.type)
      if (how === 'left' && output.type === 'file' && typeof output.body === 'function')
        for await (const _ of output.body()) break
    }
    expect(connection?.aborted).toBe(true)
    expect(outputs).toEqual(['file', 'file'])
  })
})

it.each<[object, string]>([
  [{ ...entry, command: [], args: null }, 'command: is needed'],
  [{ ...entry, timeout: 'soon' }, 'timeout: must be a duration, like "30s" or "1m30s"'],
])('refuses %j', async (wrong, message) => {
  expect(await issues(exec, wrong)).toEqual([message])
})
