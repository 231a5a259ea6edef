import type { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { execInPod, type PodCommand, type RunningCommand } from '../../../core/kube/exec.ts'
import { type Peer, serverFrame, startPortForwarder } from './fake-port-forward.ts'
import { aClient } from './fake-server.ts'

// There is no kubelet here: the far side is a small fake of its protocol. test/e2e/collectors.test.ts asks a real one.

const cleanUp: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const work of cleanUp.splice(0).toReversed()) await work()
})

const COMMAND: PodCommand = { namespace: 'ns', pod: 'db-0', container: 'db', command: ['sh', '-c', 'echo "a&b"'] }

async function openExec(what: Partial<PodCommand> = {}, protocol?: string, signal?: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<Peer>()
  const server = await startPortForwarder({ onPeer: resolve, isSilent: true, ...(protocol ? { protocol } : {}) })
  const { client } = aClient(server.url)
  cleanUp.push(
    () => server.close(),
    () => client.close(),
  )
  const running: RunningCommand = await execInPod(client, { ...COMMAND, ...what }, signal)
  const peer = await promise
  const say = (channel: number, bytes: Buffer | string) =>
    peer.raw(serverFrame(2, Buffer.concat([Buffer.of(channel), Buffer.from(bytes)])))
  const end = (status: object) => {
    say(3, JSON.stringify(status))
    peer.close()
  }
  return { server, running, peer, say, end }
}

const exit = (code: number) => ({
  status: 'Failure',
  reason: 'NonZeroExitCode',
  message: `command terminated with non-zero exit code: ${code}`,
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
})
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await systemClock.sleep(2)
}

describe('a command in a container', () => {
  it('is asked for word by word, by the protocol of the kubelet', async () => {
    const { server, running, end } = await openExec()
    end({ status: 'Success' })
    await running.exitCode
    const url = new URL(server.requests[0]?.url ?? '', 'http://x')
    expect(url.pathname).toBe('/api/v1/namespaces/ns/pods/db-0/exec')
    expect(url.searchParams.getAll('command')).toEqual(COMMAND.command)
    expect(Object.fromEntries([...url.searchParams].filter(([key]) => key !== 'command'))).toEqual({
      container: 'db',
      stdin: 'false',
      stdout: 'true',
      stderr: 'true',
    })
    expect(server.requests[0]?.headers['sec-websocket-protocol']).toBe('v5.channel.k8s.io, v4.channel.k8s.io')
  })

  it('gives what it prints, by stream, and how it ended', async () => {
    const { running, say, end } = await openExec()
    say(1, 'one ')
    say(2, 'careful')
    say(1, 'two')
    end(exit(3))
    expect(await text(running.stdout)).toBe('one two')
    expect(await text(running.stderr)).toBe('careful')
    expect(await running.exitCode).toBe(3)
  })

  it('gives the first megabyte of complaints, and all of its output', async () => {
    const { running, say, end } = await openExec()
    const piece = Buffer.alloc(300_000, 'x')
    for (let count = 0; count < 5; count++) {
      say(2, piece)
      say(1, piece)
    }
    end({ status: 'Success' })
    expect((await buffer(running.stdout)).length).toBe(1_500_000)
    expect((await buffer(running.stderr)).length).toBe(2 ** 20)
  })

  it('is held up while nobody reads its output', async () => {
    const { running, peer, say, end } = await openExec()
    const piece = Buffer.alloc(60_000, 'x')
    let sent = 0
    const writes = async () => {
      for (let count = 0; count < 2_000; count++) {
        say(1, piece)
        sent++
        if (peer.socket.writableNeedDrain) await new Promise((resolve) => peer.socket.once('drain', resolve))
      }
      end({ status: 'Success' })
    }
    const written = writes()
    await systemClock.sleep(50)
    expect(sent).toBeLessThan(1_000)
    expect((running.stdout as Readable).readableLength).toBeLessThan(1_000_000)
    expect((await buffer(running.stdout)).length).toBe(2_000 * 60_000)
    await written
    expect(await running.exitCode).toBe(0)
  })

  it('gets its input, and hears its end', async () => {
    async function* input() {
      yield Buffer.from('hello')
      yield Buffer.alloc(100_000, 'y')
    }
    const { running, peer, end } = await openExec({ stdin: input() })
    await until(() => peer.messages.some((message) => message[0] === 255))
    expect(peer.messages.at(-1)).toEqual(Buffer.of(255, 0))
    const fed = Buffer.concat(peer.messages.slice(0, -1).map((message) => message.subarray(1)))
    expect(fed.length).toBe(100_005)
    expect(peer.messages.slice(0, -1).every((message) => message[0] === 0)).toBe(true)
    end({ status: 'Success' })
    expect(await running.exitCode).toBe(0)
  })
})

describe('a command that cannot be run to its end', () => {
  it('says why it never began', async () => {
    const { running, end } = await openExec()
    end({ status: 'Failure', reason: 'InternalError', message: 'container not found ("db")' })
    await expect(running.exitCode).rejects.toMatchObject({
      code: 'EXEC_FAILED',
      message: expect.stringContaining('container not found'),
    })
    await expect(text(running.stdout)).rejects.toMatchObject({ code: 'EXEC_FAILED' })
    expect(await text(running.stderr)).toBe('')
  })

  it.each<[string, (peer: Peer, stop: AbortController) => void]>([
    ['cut off', (peer) => peer.socket.destroy()],
    ['ended without a status', (peer) => peer.close()],
    ['ended by us', (_, stop) => stop.abort(new Error('time is over'))],
  ])('keeps what it complained about before it was %s', async (_, end) => {
    const stop = new AbortController()
    const { running, peer, say } = await openExec({}, undefined, stop.signal)
    say(2, 'careful')
    await systemClock.sleep(10)
    end(peer, stop)
    await expect(running.exitCode).rejects.toThrow()
    expect(await text(running.stderr)).toBe('careful')
  })

  it('has ended all the same when the connection is cut after its status', async () => {
    const { running, peer, say } = await openExec()
    say(1, 'all of it')
    say(3, JSON.stringify(exit(4)))
    peer.socket.end()
    expect(await text(running.stdout)).toBe('all of it')
    expect(await running.exitCode).toBe(4)
  })

  it('says with which code the connection was ended', async () => {
    const { running, peer } = await openExec()
    peer.raw(serverFrame(8, Buffer.concat([Buffer.of(3, 243), Buffer.from('the node is going down')])))
    await expect(running.exitCode).rejects.toThrow('with code 1011: the node is going down')
  })

  it('fails its readers when the connection is cut', async () => {
    const { running, peer, say } = await openExec()
    say(1, 'half')
    await systemClock.sleep(10)
    peer.socket.destroy()
    await expect(text(running.stdout)).rejects.toMatchObject({
      code: 'EXEC_FAILED',
      message: expect.stringContaining('the connection was cut'),
    })
    await expect(running.exitCode).rejects.toMatchObject({ code: 'EXEC_FAILED' })
  })

  it.each([
    ['no status', ''],
    ['nonsense', 'no JSON'],
    ['a failure without a code', JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode' })],
    ['an empty code', JSON.stringify({ ...exit(0), details: { causes: [null, { reason: 'ExitCode', message: '' }] } })],
    ['a code that is none', JSON.stringify({ ...exit(0), details: { causes: [{ reason: 'ExitCode', message: null }] } })],
    ['causes that are no list', JSON.stringify({ ...exit(0), details: { causes: { find: 1 } } })],
    ['a message that is no text', JSON.stringify({ status: 'Failure', message: { a: 1 } })],
    ['a status without end', 'x'.repeat(1_000_000)],
  ])('takes %s for no success', async (_, status) => {
    const { running, peer, say } = await openExec()
    if (status) say(3, status)
    peer.close()
    const error = await running.exitCode.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'EXEC_FAILED' })
    expect((error as Error).message.length).toBeLessThan(70_000)
  })

  it('ends with the signal, for its reason', async () => {
    const stop = new AbortController()
    const { running, peer } = await openExec({}, undefined, stop.signal)
    stop.abort(new Error('time is over'))
    await expect(running.exitCode).rejects.toThrow('time is over')
    await expect(text(running.stdout)).rejects.toThrow('time is over')
    await until(() => peer.socket.destroyed || peer.socket.readableEnded)
  })

  it('ends when its reader leaves off', async () => {
    const { running, peer, say } = await openExec()
    say(1, 'a lot')
    for await (const piece of running.stdout) {
      expect(piece.length).toBe(5)
      break
    }
    await expect(running.exitCode).rejects.toMatchObject({ code: 'EXEC_FAILED' })
    await until(() => peer.socket.destroyed || peer.socket.readableEnded)
  })

  it('refuses to feed a command by a protocol that cannot end its input', async () => {
    async function* input() {
      yield Buffer.from('x')
    }
    const { running } = await openExec({ stdin: input() }, 'v4.channel.k8s.io')
    await expect(running.exitCode).rejects.toThrow('Kubernetes 1.30')
  })
})
