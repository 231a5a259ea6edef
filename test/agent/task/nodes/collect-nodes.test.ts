import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BundleReport } from '../../../../agent/bundle/report.ts'
import { systemClock } from '../../../../core/clock.ts'
import { fail } from '../../../../core/errors.ts'
import type { NodesWork } from '../../../../core/node-relay.ts'
import type { NodeWord } from '../../../../core/node-words.ts'
import { supervise } from '../../../../core/supervise.ts'
import { asTaskChild } from '../../../../core/task-child.ts'
import { TASK_ENV, TASK_ON_STDOUT } from '../../../../core/task-child.ts'
import { makeWorkspace, RUN, runRequest, spec, TASK_SCRIPT, taskProgram, unpack, type Workspace } from '../../../support/task.ts'

/** The two ends of host collectors on nodes, both built task programs; the test is the agent between them. */

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const looking = (hostCollectors: object[], change: object = {}) =>
  runRequest(space, { specs: [spec({ hostCollectors, ...change })], mayUseHost: false, onNodes: true })

/** Runs a host task here, as a pod does on a node: it speaks on stdout. */
async function aHostTask(
  ...[{ entries, timeoutMs }, say, signal]: [Parameters<NodesWork>[0], (word: NodeWord) => Promise<void>, AbortSignal]
) {
  const env = { [TASK_ENV]: TASK_ON_STDOUT, PATH: process.env['PATH'] }
  const program = spawn(process.execPath, [TASK_SCRIPT], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  const child = asTaskChild(program, { kill: () => program.kill('SIGKILL'), readFile: () => Promise.resolve('') })
  const request = { task: 'host', run: RUN, root: '/', entries, timeoutMs } as const
  const messages = program.stdout
  return supervise({ ...child, messages }, request, {
    clock: systemClock,
    signal,
    timeoutMs,
    memoryBytes: Infinity,
    onNodeWord: say,
  })
}

/** A node that says these words and no more. */
const saying =
  (words: NodeWord[], last: NodeWord = { kind: 'over' }): NodesWork =>
  async (_, listener) => {
    listener.nodes(['n1'])
    for (const word of [...words, last]) await listener.say('n1', word)
  }
const output = (path: string, change: object = {}): NodeWord => ({ kind: 'output', entry: 0, path, format: 'text', ...change })
const piece = (text: string): NodeWord => ({ kind: 'piece', base64: Buffer.from(text).toString('base64') })
const END: NodeWord = { kind: 'end' }
const REPORT: NodeWord = { kind: 'report', entry: 0, state: 'ran', startedAt: '2026-01-01T00:00:00.000Z', durationMs: 5 }

const LIMITS = { timeoutMs: 60_000, memoryBytes: 2 ** 30 }

async function collected(request: ReturnType<typeof looking>, onNodes: NodesWork) {
  const outcome = await taskProgram().start(request, { ...LIMITS, onNodes })
  if (!outcome.result) throw outcome.error
  const bundle = await unpack(outcome.result.archive.path)
  const { collectors, isPartial } = (await bundle.report()) as BundleReport
  return { bundle, isPartial, reports: collectors }
}

describe('host collectors on nodes', () => {
  it('give files of each node, redacted as the run redacts, and a report for each', async () => {
    const large = join(space.elsewhere, 'large.log')
    await writeFile(large, `password=hunter2hunter2\n${'0123456789abcdef\n'.repeat(200_000)}end\n`)
    const entries = [
      { memory: {} },
      {
        run: {
          collectorName: 'words',
          command: 'sh',
          args: ['-c', 'echo token: ghp_012345678901234567890123456789012345; echo oops >&2'],
        },
      },
      { copy: { collectorName: 'large', path: large } },
      { run: { collectorName: 'none', command: '/no/such/program' } },
    ]
    const hostAnalyzers = [
      { memory: { outcomes: [{ fail: { when: '< 1Ki', message: 'none' } }, { pass: { message: 'enough' } }] } },
    ]
    const { bundle, reports, isPartial } = await collected(
      looking(entries, { hostAnalyzers }),
      async (wanted, listener, signal) => {
        listener.nodes(['n1', 'n2', 'n3'])
        await Promise.all(
          ['n1', 'n2'].map(async (node) => {
            const { error } = await aHostTask(wanted, (word) => listener.say(node, word), signal)
            if (error) throw error
            await listener.say(node, { kind: 'over' })
          }),
        )
        await listener.say('n3', { kind: 'over', problem: { code: 'HOST_POD_FAILED', message: 'it is not ready' } })
      },
    )
    expect(bundle.paths.filter((path) => path.startsWith('host-collectors'))).toEqual(
      [
        'host-collectors/system/node_list.json',
        ...['n1', 'n2'].flatMap((node) => [
          `host-collectors/${node}/errors/none-error.json`,
          `host-collectors/${node}/large/large.log`,
          `host-collectors/${node}/run-host/none-info.json`,
          `host-collectors/${node}/run-host/none.txt`,
          `host-collectors/${node}/run-host/words-info.json`,
          `host-collectors/${node}/run-host/words-stderr.txt`,
          `host-collectors/${node}/run-host/words.txt`,
          `host-collectors/${node}/system/memory.json`,
          ...['errors', 'large', 'run-host', 'system'].flatMap(
            (folder) => LINKED[folder]?.map((file) => `host-collectors/${folder}/${node}/${file}`) ?? [],
          ),
        ]),
      ].toSorted(),
    )
    expect(JSON.parse(await bundle.read('host-collectors/system/node_list.json'))).toEqual({ nodes: ['n1', 'n2', 'n3'] })
    expect(await bundle.read('host-collectors/n1/run-host/words.txt')).not.toContain('ghp_0')
    const copy = await bundle.read('host-collectors/n2/large/large.log')
    expect(copy).toHaveLength(`password=***HIDDEN***\n`.length + 17 * 200_000 + 4)
    expect(copy.endsWith('end\n')).toBe(true)
    expect(await bundle.read('host-collectors/system/n1/memory.json')).toBe(
      await bundle.read('host-collectors/n1/system/memory.json'),
    )
    expect(reports.map(({ key, node, state }) => `${node} ${key} ${state}`).toSorted()).toEqual(
      ['n1', 'n2']
        .flatMap((node) => ['copy', 'memory', 'run', 'run'].map((key) => `${node} ${key} ran`))
        .concat('n3 hostCollectors failed'),
    )
    expect(reports.find(({ node }) => node === 'n3')?.error?.message).toBe('node n3: it is not ready')
    expect(reports.flatMap(({ warnings }) => warnings.map(({ message }) => message))).toContainEqual(
      expect.stringMatching(/^node n1: \/no\/such\/program/),
    )
    expect(isPartial).toBe(true)
    const verdicts = JSON.parse(await bundle.read('analysis.json')) as { insight: { primary: string; detail: string } }[]
    expect(verdicts.map(({ insight }) => `${insight.primary}: ${insight.detail}`)).toEqual([
      'Amount of Memory - Node n1: enough',
      'Amount of Memory - Node n2: enough',
      'Amount of Memory - Node n3: Not checked: host-collectors/system/memory.json was not collected',
    ])
  })

  it('run beside those of the cluster', async () => {
    const request = looking([{ memory: {} }], { collectors: [{ data: { name: 'kept', collectorName: 'a.txt', data: 'kept' } }] })
    const { bundle } = await collected(request, saying([output('host-collectors/system/memory.json'), piece('{}'), END, REPORT]))
    expect(await bundle.read('kept/a.txt')).toBe('kept')
    expect(await bundle.read('host-collectors/n1/system/memory.json')).toBe('{}')
  })
})

const LINKED: Record<string, string[]> = {
  errors: ['none-error.json'],
  large: ['large.log'],
  'run-host': ['none-info.json', 'none.txt', 'words-info.json', 'words-stderr.txt', 'words.txt'],
  system: ['memory.json'],
}

describe('what a node says', () => {
  it('writes below its own folder only, and what makes no sense costs nothing else', async () => {
    const { bundle, reports } = await collected(
      looking([{ memory: {} }, { cpu: {} }]),
      saying([
        piece('alone'),
        END,
        output('../../../outside.txt'),
        piece('1'),
        END,
        output('/etc/outside.txt'),
        piece('2'),
        END,
        output('host-collectors/../n2/outside.txt'),
        piece('3'),
        END,
        output('host-collectors/system/a.txt', { links: ['host-collectors/../../outside.txt'] }),
        piece('4'),
        END,
        output('host-collectors/system/b.bin', { format: 'binary' }),
        piece('5'),
        END,
        output('x.txt', { entry: 7 }),
        { kind: 'warning', entry: 9, code: 'NO', message: 'no' },
        output('host-collectors/system/good.txt'),
        piece('good'),
        piece(' enough'),
        END,
        { kind: 'warning', entry: 0, code: 'LOW', message: 'careful', isLoss: true },
        output('host-collectors/system/torn.txt'),
        piece('torn'),
        REPORT,
        output('host-collectors/system/cut.txt', { entry: 1 }),
        piece('half'),
      ]),
    )
    const own = bundle.paths.filter((path) => /outside|^host-collectors|\.bin/.test(path))
    expect(own).toEqual([
      'host-collectors/n1/system/good.txt',
      'host-collectors/system/n1/good.txt',
      'host-collectors/system/node_list.json',
    ])
    expect(await bundle.read('host-collectors/n1/system/good.txt')).toBe('good enough')
    expect(reports.map(({ key, state, files }) => [key, state, files])).toEqual([
      ['memory', 'ran', 1],
      ['cpu', 'failed', 0],
    ])
    const said = reports.flatMap(({ warnings }) => warnings.map(({ code, message }) => `${code} ${message}`)).join('\n')
    for (const wanted of [
      /OUTPUT_PATH.*nothing but dots/,
      /system\/b\.bin.*binary/,
      /torn\.txt.*lost/,
      /LOW node n1: careful/,
      /cut\.txt.*lost/,
    ])
      expect(said).toMatch(wanted)
  })

  it('may be that a file could not be read to its end', async () => {
    const problem = { code: 'HOST_FILE', message: 'EIO: the disk is broken' }
    const { reports, bundle } = await collected(
      looking([{ memory: {} }]),
      saying([output('host-collectors/system/memory.json'), piece('{'), { kind: 'end', problem }, REPORT]),
    )
    expect(bundle.paths).not.toContain('host-collectors/n1/system/memory.json')
    expect(reports[0]?.warnings).toEqual([
      expect.objectContaining({ message: expect.stringContaining('EIO: the disk is broken') }),
    ])
  })
})

describe('nodes that cannot be had', () => {
  it('fail every entry, with the reason', async () => {
    const request = looking([{ memory: {} }, { cpu: {} }], {
      collectors: [{ data: { name: 'a', collectorName: 'a', data: 'kept' } }],
    })
    const { reports } = await collected(request, () => Promise.reject(fail('HOSTS_UNAVAILABLE', { reason: 'no namespace' })))
    expect(reports.map(({ key, state, error }) => [key, state, error?.code])).toEqual([
      ['data', 'ran', undefined],
      ['memory', 'failed', 'HOSTS_UNAVAILABLE'],
      ['cpu', 'failed', 'HOSTS_UNAVAILABLE'],
    ])
  })

  it('are waited for until the time is over', async () => {
    const request = { ...looking([{ memory: {} }]), timeoutMs: 2_500 }
    let isClear = false
    const { reports, isPartial } = await collected(request, async (_, listener, signal) => {
      listener.nodes(['n1'])
      await listener.say('n1', output('host-collectors/system/memory.json'))
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      await systemClock.sleep(300)
      isClear = true
    })
    expect(isClear, 'nothing is left on the nodes once the run has ended').toBe(true)
    expect(isPartial).toBe(true)
    expect(reports.map(({ key, state, error }) => [key, state, error?.code])).toEqual([
      ['memory', 'failed', 'COLLECTOR_TIMED_OUT'],
      ['hostCollectors', 'failed', 'COLLECTOR_TIMED_OUT'],
    ])
  })

  it('and a namespace that may not look at them: every entry is refused', async () => {
    const { onNodes: _, ...request } = looking([{ memory: {} }])
    const inPods = {
      ...spec({ hostCollectors: [{ memory: {} }] }),
      spec: { hostCollectors: [{ memory: {} }], runHostCollectorsInPod: true },
    }
    for (const asked of [request, { ...request, specs: [inPods] }]) {
      const { error } = await taskProgram().start(asked, LIMITS)
      expect(error?.message).toMatch(/may not look at nodes/)
    }
  })

  it('and a spec that wants them without a cluster: this machine is not looked at instead', async () => {
    const { onNodes: _, mayUseHost: __, ...request } = looking([])
    const specs = [{ ...spec({}), spec: { hostCollectors: [{ memory: {} }], runHostCollectorsInPod: true } }]
    const { error } = await taskProgram().start({ ...request, specs }, LIMITS)
    expect(error).toMatchObject({ code: 'CLUSTER_NEEDED' })
  })

  it('are done with by the end of their collectors, with what these gave before', async () => {
    const { bundle, reports } = await collected(
      { ...looking([{ run: { collectorName: 'slow', command: 'sleep', args: ['60'] } }, { memory: {} }]), timeoutMs: 6_000 },
      async (wanted, listener, signal) => {
        listener.nodes(['n1'])
        await aHostTask(wanted, (word) => listener.say('n1', word), signal)
        await listener.say('n1', { kind: 'over' })
      },
    )
    expect(bundle.paths).toContain('host-collectors/n1/system/memory.json')
    expect(reports.map(({ key, state, error }) => [key, state, error?.code]).toSorted()).toEqual([
      ['memory', 'ran', undefined],
      ['run', 'failed', 'COLLECTOR_TIMED_OUT'],
    ])
  })
})
