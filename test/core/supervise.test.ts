import { describe, expect, it } from 'vitest'
import { fail } from '../../core/errors.ts'
import { supervise, type SuperviseOptions } from '../../core/supervise.ts'
import type { TaskChild } from '../../core/task-child.ts'
import { encodeMessage, type FromTask, type PluginsRequest } from '../../core/task.ts'
import { FakeClock, settle } from '../support/clock.ts'

const REQUEST: PluginsRequest = { task: 'plugins', pluginFolders: [] }
const RESULT = { plugins: [], problems: [] }
const MIB = 2 ** 20

/** A child that does what the test says. */
function fakeChild() {
  const lines: (string | undefined)[] = []
  let wake = () => {}
  const ended = Promise.withResolvers<string>()
  const exited = Promise.withResolvers<void>()
  const log: string[] = []
  const state = { resident: (10 * MIB) as number | undefined, onKill: () => child.exit('SIGKILL') }
  const child = {
    log,
    state,
    say: (message: FromTask) => child.write(encodeMessage(message)),
    write(text: string | undefined) {
      lines.push(text)
      wake()
    },
    /** the process is gone; its pipes are closed too, unless something holds them */
    exit(how: string, holdsPipes = false) {
      exited.resolve()
      if (!holdsPipes) child.close(how)
    },
    close(how: string) {
      child.write(undefined)
      ended.resolve(how)
    },
  }
  async function* messages() {
    for (;;) {
      while (lines.length > 0) {
        const line = lines.shift()
        if (line === undefined) return
        yield line
      }
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  const taskChild: TaskChild = {
    pid: 1,
    send(text) {
      const { type, ...said } = JSON.parse(text) as {
        type: string
        token?: string
        id?: number
        problem?: { message: string }
      }
      const facts = [said.token, said.id, said.problem?.message].filter((fact) => fact !== undefined)
      log.push([type, ...facts].join(' '))
    },
    closeInput: () => void log.push('closed'),
    messages: messages(),
    kill(signal) {
      log.push(signal)
      state.onKill()
    },
    exited: exited.promise,
    ended: ended.promise,
    release() {
      log.push('released')
      child.close('exit code 0')
    },
    residentBytes: async () => state.resident,
  }
  return { ...child, taskChild }
}

function start(change: Partial<SuperviseOptions> = {}) {
  const clock = new FakeClock()
  const child = fakeChild()
  const seen: FromTask[] = []
  const outcome = supervise(child.taskChild, REQUEST, {
    clock,
    timeoutMs: 60_000,
    memoryBytes: 100 * MIB,
    onMessage: (message) => void seen.push(message),
    ...change,
  })
  return { clock, child, seen, outcome }
}

const step = (name: string): FromTask => ({ type: 'step', name })
const done: FromTask = { type: 'done', result: RESULT }

describe('a task that needs a token', () => {
  const ending = async (change: Partial<SuperviseOptions>) => {
    const { child, outcome } = start(change)
    child.say({ type: 'need-token' })
    await settle()
    child.say(done)
    await settle()
    child.exit('exit code 0')
    return { log: child.log.filter((line) => line.startsWith('token')), outcome: await outcome }
  }

  it('is given one', async () => {
    const { log, outcome } = await ending({ onNeedToken: () => Promise.resolve('new') })
    expect(log).toEqual(['token new'])
    expect(outcome).toMatchObject({ result: RESULT, warnings: [] })
  })

  it('is told that there is none', async () => {
    expect((await ending({})).log).toEqual(['token '])
  })

  it('is told so too when it cannot be had, and the reason is kept', async () => {
    const onNeedToken = () =>
      Promise.reject(fail('KUBE_CREDENTIALS', { command: 'login', reason: 'it broke', remedy: 'mend it' }))
    const { log, outcome } = await ending({ onNeedToken })
    expect(log).toEqual(['token '])
    expect(outcome.warnings).toEqual([
      { code: 'KUBE_CREDENTIALS', message: 'no credentials from "login": it broke', remedy: 'mend it' },
    ])
  })
})

describe('the state of an uploader', () => {
  const state = (value: unknown, id = 1): FromTask => ({ type: 'state', value, id })

  it('is acknowledged once it is kept, and not before', async () => {
    const kept = Promise.withResolvers<void>()
    const values: unknown[] = []
    const { child } = start({ onState: (value) => (values.push(value), kept.promise) })
    child.say(state({ part: 1 }, 7))
    await settle()
    expect(values).toEqual([{ part: 1 }])
    expect(child.log).toEqual(['start'])
    kept.resolve()
    await settle()
    expect(child.log).toEqual(['start', 'kept 7'])
  })

  it('that is not kept is told with the reason', async () => {
    const { child } = start({ onState: () => Promise.reject(fail('DISK_FULL', { what: 'it', folder: '/x' })) })
    child.say(state(1, 8))
    await settle()
    expect(child.log).toEqual(['start', 'kept 8 no space left for it'])
  })

  it('is acknowledged at once where nobody keeps it', async () => {
    const { child } = start()
    child.say(state(undefined, 9))
    await settle()
    expect(child.log).toEqual(['start', 'kept 9'])
  })

  it('that is kept for ever holds up neither other words nor a cancel', async () => {
    const stop = new AbortController()
    const { child, clock, outcome } = start({ onState: () => new Promise(() => {}), signal: stop.signal })
    child.say(state(1))
    child.say(step('two'))
    await settle()
    stop.abort(fail('TASK_CANCELLED', { reason: 'enough' }))
    await clock.advance(5_100)
    expect((await outcome).error).toMatchObject({ code: 'TASK_CANCELLED' })
  })
})

describe('a parent that leads for a while', () => {
  it('says so after the start and with each renewal, until the end', async () => {
    const lines: string[] = []
    let renew: (forMs: number) => void = () => {}
    let isEnded = false
    const clock = new FakeClock('2026-01-01T00:00:00Z')
    const child = fakeChild()
    const outcome = supervise({ ...child.taskChild, send: (text) => void lines.push(text) }, REQUEST, {
      clock,
      timeoutMs: 60_000,
      memoryBytes: 100 * MIB,
      renewals(say) {
        renew = say
        say(30_000)
        return () => void (isEnded = true)
      },
    })
    await settle()
    await clock.advance(10_000)
    renew(20_000)
    const said = lines.map((line) => JSON.parse(line) as { type: string })
    expect(said.map(({ type }) => type)).toEqual(['start', 'alive', 'alive'])
    expect(said.slice(1)).toEqual([
      { type: 'alive', forMs: 30_000, sentAt: '2026-01-01T00:00:00.000Z' },
      { type: 'alive', forMs: 20_000, sentAt: '2026-01-01T00:00:10.000Z' },
    ])
    expect(isEnded).toBe(false)
    child.say(done)
    child.exit('exit code 0')
    await outcome
    expect(isEnded).toBe(true)
  })
})

describe('a task that ends by itself', () => {
  it('keeps warnings within bounds, of whoever says them without measure', async () => {
    const { child, outcome } = start()
    for (let count = 0; count < 10_100; count++)
      child.say({ type: 'warning', code: 'W', message: `${count} ${'x'.repeat(5000)}` })
    child.say(done)
    child.exit('exit code 0')
    const { warnings } = await outcome
    expect(warnings).toHaveLength(10_000)
    expect(warnings[9_999]?.message).toMatch(/^9999 x+…$/)
    expect(warnings[0]?.message.length).toBeLessThanOrEqual(2_001)
  })

  it('done gives the result, with warnings, messages and the most memory that was seen', async () => {
    const { clock, child, seen, outcome } = start()
    await settle()
    child.say(step('one'))
    child.state.resident = 50 * MIB
    await clock.advance(300)
    child.state.resident = 20 * MIB
    await clock.advance(300)
    child.say({ type: 'warning', code: 'W', message: 'careful' })
    child.say(done)
    await settle()
    expect(child.log).toEqual(['start', 'closed'])
    child.exit('exit code 0')
    expect(await outcome).toEqual({ result: RESULT, warnings: [{ code: 'W', message: 'careful' }], peakRssBytes: 50 * MIB })
    expect(seen.map(({ type }) => type)).toEqual(['step', 'warning', 'done'])
  })

  it.each([
    ['SPEC_INVALID', 2, 'config'],
    ['TASK_CANCELLED', 130, 'resource'],
    ['DISK_FULL', 1, 'resource'],
    ['NO_SUCH_CODE', 1, 'bug'],
  ])('failed with %s is that error, with exit code %i', async (code, exitCode, errorClass) => {
    const { child, outcome } = start()
    child.say({ type: 'failed', problem: { code, message: 'why', remedy: 'do' } })
    child.exit('exit code 1')
    expect((await outcome).error).toMatchObject({ code, message: 'why', remedy: 'do', exitCode, class: errorClass })
  })

  it('an exit without a last word is an interruption that names how, and the step', async () => {
    const { child, outcome } = start()
    child.say(step('collecting x'))
    child.exit('SIGSEGV')
    expect(await outcome).toMatchObject({
      error: { code: 'TASK_INTERRUPTED', message: 'the task ended without a result (SIGSEGV) during collecting x' },
    })
  })

  it('the first last word counts', async () => {
    const one = start()
    one.child.say(done)
    one.child.say({ type: 'failed', problem: { code: 'INTERNAL', message: 'late' } })
    one.child.exit('exit code 0')
    const first = await one.outcome
    expect(first.result).toEqual(RESULT)
    expect(first.error).toBeUndefined()
    const two = start()
    two.child.say({ type: 'failed', problem: { code: 'DISK_FULL', message: 'first' } })
    two.child.say(done)
    two.child.exit('exit code 0')
    const second = await two.outcome
    expect(second.result).toBeUndefined()
    expect(second.error).toMatchObject({ code: 'DISK_FULL' })
  })

  it('that does not go after its last word is killed, and keeps its result', async () => {
    const { clock, child, outcome } = start()
    child.say(done)
    await clock.advance(4_900)
    expect(child.log).not.toContain('SIGKILL')
    await clock.advance(200)
    expect(child.log).toContain('SIGKILL')
    expect((await outcome).result).toEqual(RESULT)
  })

  it('that is gone, while something holds its pipes, is waited for a second', async () => {
    const { clock, child, outcome } = start()
    child.say(done)
    child.exit('exit code 0', true)
    await clock.advance(900)
    expect(child.log).not.toContain('released')
    await clock.advance(200)
    expect(child.log).toContain('released')
    expect((await outcome).result).toEqual(RESULT)
  })
})

describe('a task that is ended', () => {
  it('after its time, which names the step', async () => {
    const { clock, child, outcome } = start({ timeoutMs: 90_000 })
    child.say(step('collecting x'))
    await clock.advance(89_900)
    expect(child.log).not.toContain('SIGKILL')
    await clock.advance(200)
    expect((await outcome).error).toMatchObject({
      code: 'TASK_TIMED_OUT',
      message: 'the task was ended after its 90 s, during collecting x',
    })
  })

  it('above its memory, which tells the figures', async () => {
    const { clock, child, outcome } = start()
    child.say(step('collecting x'))
    await clock.advance(1_000)
    child.state.resident = 101 * MIB
    await clock.advance(300)
    expect(await outcome).toMatchObject({
      error: {
        code: 'TASK_MEMORY',
        message: 'the task was ended at 101 MiB of memory, during collecting x; at most 100 MiB are allowed',
      },
      peakRssBytes: 101 * MIB,
    })
  })

  it('above its memory by somebody else, who tells the figure last', async () => {
    const { clock, child, outcome } = start()
    await clock.advance(1_000)
    child.state.resident = 300 * MIB
    child.exit('SIGKILL')
    expect(await outcome).toMatchObject({ error: { code: 'TASK_MEMORY' }, peakRssBytes: 300 * MIB })
  })

  it('not for memory where it cannot be read', async () => {
    const { clock, child, outcome } = start()
    child.state.resident = undefined
    await clock.advance(10_000)
    child.say(done)
    child.exit('exit code 0')
    expect(child.log).not.toContain('SIGKILL')
    expect((await outcome).result).toEqual(RESULT)
  })

  it('for words that are not understood, but not when it was done before', async () => {
    const { child, outcome } = start()
    child.write('what?\n')
    expect(await outcome).toMatchObject({ error: { code: 'TASK_PROTOCOL' } })
    expect(child.log).toContain('SIGKILL')
    const other = start()
    other.child.say(done)
    other.child.write('what?\n')
    expect((await other.outcome).result).toEqual(RESULT)
  })

  it('when its listener breaks', async () => {
    const { child, outcome } = start({
      onMessage: () => {
        throw new Error('no room')
      },
    })
    child.say(step('one'))
    expect((await outcome).error).toMatchObject({ code: 'TASK_PROTOCOL' })
    expect(child.log).toContain('SIGKILL')
  })

  it('keeps the first reason', async () => {
    const { clock, child, outcome } = start({ timeoutMs: 1_000 })
    child.state.onKill = () => {}
    await clock.advance(1_100)
    child.state.resident = 200 * MIB
    await clock.advance(1_000)
    child.exit('SIGKILL')
    expect((await outcome).error).toMatchObject({ code: 'TASK_TIMED_OUT' })
  })
})

describe('a cancel', () => {
  const stopped = fail('TASK_CANCELLED', { reason: 'shutting down' })

  it('is said, and then there is a grace of 5 s', async () => {
    const stop = new AbortController()
    const { clock, child, outcome } = start({ signal: stop.signal })
    await settle()
    stop.abort(stopped)
    await clock.advance(4_900)
    expect(child.log).toEqual(['start', 'cancel'])
    await clock.advance(200)
    expect(child.log).toEqual(['start', 'cancel', 'SIGKILL'])
    expect((await outcome).error).toMatchObject({
      code: 'TASK_CANCELLED',
      message: 'the task was cancelled: shutting down',
      exitCode: 130,
    })
  })

  it('that the child obeys without a word is no interruption', async () => {
    const stop = new AbortController()
    const { child, outcome } = start({ signal: stop.signal })
    stop.abort(new Error('interrupted'))
    child.exit('exit code 1')
    expect((await outcome).error).toMatchObject({ code: 'TASK_CANCELLED', message: 'the task was cancelled: interrupted' })
  })

  it('comes too late for a result', async () => {
    const stop = new AbortController()
    const { child, outcome } = start({ signal: stop.signal })
    stop.abort(stopped)
    child.say(done)
    child.exit('exit code 0')
    expect((await outcome).result).toEqual(RESULT)
  })

  it('before the start sends nothing to do', async () => {
    const { child, outcome } = start({ signal: AbortSignal.abort(stopped) })
    expect((await outcome).error).toMatchObject({ code: 'TASK_CANCELLED' })
    expect(child.log).not.toContain('start')
    expect(child.log).toContain('SIGKILL')
  })

  it('is not listened for any more at the end', async () => {
    const stop = new AbortController()
    const { child, outcome } = start({ signal: stop.signal })
    child.say(done)
    child.exit('exit code 0')
    await outcome
    stop.abort(stopped)
    await settle()
    expect(child.log).not.toContain('cancel')
  })
})
