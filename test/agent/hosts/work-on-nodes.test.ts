import { afterEach, describe, expect, it } from 'vitest'
import { workOnNodes } from '../../../agent/hosts/work-on-nodes.ts'
import { removeLeftPods } from '../../../agent/hosts/left-pods.ts'
import { leftBy } from '../../../agent/task/kube/sweep.ts'
import { systemClock } from '../../../core/clock.ts'
import { ANNOTATION_EXPIRES, HOST_NAMESPACE, LABEL_RUN_UID } from '../../../core/names.ts'
import type { NodeWord } from '../../../core/node-words.ts'
import { FakeClock, settle } from '../../support/clock.ts'
import { type FakePod, type FakeTask, startFakeNodes } from './fake-nodes.ts'

// There is no kubelet here: nodes and pods are fakes. test/e2e/hosts.test.ts has a real one.

const cleanUp: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const work of cleanUp.splice(0).toReversed()) await work()
})

const RUN = {
  id: 'nightly.1',
  uid: 'run-1',
  job: 'nightly',
  namespace: 'payments',
  slot: '2026-01-01T02:00:00.000Z',
  trigger: 'schedule',
} as const
const ENTRIES = [{ key: 'memory', source: 'job.yaml', config: {} }]
const WORD: NodeWord = { kind: 'piece', base64: 'aGVsbG8=' }

/** A host task that says one word and is done. */
const good = ({ say, end }: FakeTask) => {
  say({ type: 'node', word: WORD })
  say({ type: 'done', result: { ran: 1 } })
  end(0)
}

async function nodesOf(how: Parameters<typeof startFakeNodes>[0], clock = systemClock) {
  const fake = await startFakeNodes({ onTask: good, ...how })
  const client = fake.client(clock)
  cleanUp.push(
    () => fake.close(),
    () => client.close(),
  )
  const said: Record<string, NodeWord[]> = {}
  const names: string[] = []
  const stop = new AbortController()
  const listener = {
    nodes: (all: string[]) => void names.push(...all),
    say: async (node: string, word: NodeWord) => void (said[node] ??= []).push(word),
  }
  const begin = (timeoutMs = 60_000) =>
    workOnNodes({ client, namespace: HOST_NAMESPACE, image: 'example.com/image:1' }, RUN)(
      { entries: ENTRIES, timeoutMs },
      listener,
      stop.signal,
    )
  const reason = (node: string) => {
    const last = said[node]?.at(-1)
    return last?.kind === 'over' ? last.problem?.message : undefined
  }
  return { fake, client, said, names, stop, begin, reason }
}

const waiting = (reason: string, message = '') => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'host', state: { waiting: { reason, message } } }],
})

describe('work on nodes', () => {
  it('is a task in a pod on each, which is removed', async () => {
    const tasks: FakeTask[] = []
    const { fake, begin, said, names } = await nodesOf({
      nodes: [{ name: 'n1' }, { name: 'n2.example.com' }],
      onTask: (task) => (tasks.push(task), good(task)),
    })
    await begin()
    expect(names).toEqual(['n1', 'n2.example.com'])
    expect(said).toEqual({ n1: [WORD, { kind: 'over' }], 'n2.example.com': [WORD, { kind: 'over' }] })
    expect([...fake.pods.keys()]).toEqual([])
    expect(fake.removed.toSorted()).toEqual(fake.made.map(({ metadata }) => metadata.name).toSorted())
    const [pod] = fake.made
    expect(pod).toMatchObject({
      metadata: {
        namespace: HOST_NAMESPACE,
        name: expect.stringMatching(/^host-n1-[a-z0-9]{6}$/),
        labels: { 'support-bundle-schedule.io/run': 'nightly.1', [LABEL_RUN_UID]: 'run-1' },
        annotations: { [ANNOTATION_EXPIRES]: expect.stringMatching(/Z$/) },
      },
      spec: {
        nodeName: 'n1',
        hostPID: true,
        hostNetwork: true,
        hostIPC: true,
        automountServiceAccountToken: false,
        restartPolicy: 'Never',
        tolerations: [{ operator: 'Exists' }],
        containers: [
          {
            image: 'example.com/image:1',
            command: ['/usr/bin/sleep', '65'],
            securityContext: { privileged: true, runAsUser: 0 },
            volumeMounts: [{ mountPath: '/host', readOnly: true, mountPropagation: 'HostToContainer' }],
          },
        ],
        volumes: [{ name: 'host', hostPath: { path: '/', type: 'Directory' } }],
      },
    })
    expect(pod?.spec.activeDeadlineSeconds).toBeLessThanOrEqual(120)
    expect(pod?.metadata).not.toHaveProperty('ownerReferences')
    expect(tasks[0]?.request).toMatchObject({ task: 'host', root: '/host', entries: ENTRIES, run: RUN })
    expect(tasks[0]?.request.timeoutMs).toBeLessThanOrEqual(60_000)
    // What it is to do stands in no command, no environment and no pod.
    expect(tasks[0]?.url.searchParams.getAll('command')).toEqual(['/usr/bin/node', '/app/lib/task.js'])
    expect(JSON.stringify(fake.made)).not.toContain('memory":{}')
  })

  it('is eight at the same time, and every one gets its turn', async () => {
    const open: FakeTask[] = []
    let most = 0
    const { begin, said } = await nodesOf({
      nodes: Array.from({ length: 20 }, (_, index) => ({ name: `n${index}` })),
      onTask(task) {
        open.push(task)
        most = Math.max(most, open.length)
        void systemClock.sleep(10).then(() => (open.splice(open.indexOf(task), 1), good(task)))
      },
    })
    await begin()
    expect(most).toBeLessThanOrEqual(8)
    expect(most).toBeGreaterThan(1)
    expect(Object.keys(said)).toHaveLength(20)
  })
})

describe('a node that fails', () => {
  it.each<[string, Parameters<typeof startFakeNodes>[0], RegExp]>([
    ['is not ready', { nodes: [{ name: 'bad', ready: false }] }, /it is not ready/],
    ['is none for this image', { nodes: [{ name: 'bad', os: 'windows' }] }, /it runs windows/],
    [
      'has no such image',
      {
        nodes: [{ name: 'bad' }],
        status: ({ spec }) => (spec.nodeName === 'bad' ? waiting('ImagePullBackOff', 'no such image') : {}),
      },
      /ImagePullBackOff: no such image/,
    ],
    [
      'ends the pod',
      { nodes: [{ name: 'bad' }], status: () => ({ phase: 'Failed', reason: 'Evicted', message: 'the disk is full' }) },
      /Evicted: the disk is full/,
    ],
    [
      'is kept from us by an admission policy',
      { nodes: [{ name: 'bad' }], refuse: () => ({ code: 403, message: 'privileged containers are not allowed' }) },
      /privileged containers are not allowed/,
    ],
    ['cuts the connection', { nodes: [{ name: 'bad' }], onTask: ({ cut }) => cut() }, /connection was cut/],
    [
      'cannot run it',
      {
        nodes: [{ name: 'bad' }],
        onTask: ({ complain, end }) => (complain(`\nno such library: ${'x'.repeat(10_000)}\nmore`), end(127)),
      },
      /\(exit code 127: no such library: x{1,200}\)/,
    ],
    [
      'asks for what is not its to have',
      { nodes: [{ name: 'bad' }], onTask: ({ say }) => say({ type: 'need-token' }) },
      /"need-token" is no word of a host task/,
    ],
    [
      'warns without end',
      { nodes: [{ name: 'bad' }], onTask: ({ say }) => say({ type: 'warning', code: 'A', message: 'b' }) },
      /"warning" is no word of a host task/,
    ],
    [
      'says that it is over itself',
      { nodes: [{ name: 'bad' }], onTask: ({ say }) => say({ type: 'node', word: { kind: 'over' } }) },
      /"over" is no word of a host task/,
    ],
    ['ends the task', { nodes: [{ name: 'bad' }], onTask: ({ end }) => end(137) }, /exit code 137/],
    [
      'says nonsense',
      { nodes: [{ name: 'bad' }], onTask: ({ say }) => say({ type: 'step', name: 'x'.repeat(300_000) }) },
      /longer than 262144 characters/,
    ],
  ])('because it %s is told, and the others come', async (_, { nodes, ...how }, reason) => {
    const { status, refuse, onTask } = how
    const {
      begin,
      said,
      reason: reasonOf,
      fake,
    } = await nodesOf({
      nodes: [...nodes, { name: 'good' }],
      ...(status ? { status: (pod, looks) => (pod.spec.nodeName === 'bad' ? status(pod, looks) : { phase: 'Running' }) } : {}),
      ...(refuse ? { refuse: (pod) => (pod.spec.nodeName === 'bad' ? refuse(pod) : undefined) } : {}),
      onTask: (task) => (task.pod.spec.nodeName === 'bad' && onTask ? onTask(task) : good(task)),
    })
    await begin()
    expect(reasonOf('bad')).toMatch(reason)
    expect(said['good']).toEqual([WORD, { kind: 'over' }])
    expect([...fake.pods.keys()]).toEqual([])
  })

  it('because its pod does not start is given up after a minute', async () => {
    const clock = new FakeClock()
    const { begin, reason } = await nodesOf({ nodes: [{ name: 'bad' }], status: () => waiting('ContainerCreating') }, clock)
    let isOver = false
    const done = begin(600_000).finally(() => (isOver = true))
    for (let turn = 0; turn < 500 && !isOver; turn++) {
      await settle(20)
      await clock.advance(500)
    }
    await done
    expect(reason('bad')).toMatch(/does not run after 60 s: ContainerCreating/)
    expect(clock.now().getTime()).toBeLessThan(Date.parse('2026-01-01T00:03:00Z'))
  })
})

it('a node whose root is a private mount gets a pod without propagation', async () => {
  const { fake, begin, said } = await nodesOf({
    nodes: [{ name: 'n1' }],
    status: ({ spec }) =>
      spec.containers[0]?.volumeMounts[0]?.mountPropagation === 'None'
        ? { phase: 'Running' }
        : waiting('CreateContainerError', 'path "/" is mounted on "/" but it is not a shared or slave mount'),
  })
  await begin()
  expect(said['n1']).toEqual([WORD, { kind: 'over' }])
  expect(fake.made).toHaveLength(2)
  expect([...fake.pods.keys()]).toEqual([])
})

describe('the end of a run', () => {
  it('ends the work, leaves the command and removes the pods', async () => {
    const begun = Promise.withResolvers<FakeTask>()
    const { fake, begin, stop, said } = await nodesOf({ nodes: [{ name: 'n1' }], onTask: begun.resolve })
    const done = begin()
    const { left } = await begun.promise
    const abortedMs = systemClock.monotonicMs()
    stop.abort(new Error('the run has ended'))
    await Promise.all([left, done])
    expect(systemClock.monotonicMs() - abortedMs).toBeLessThan(3_000)
    expect([...fake.pods.keys()]).toEqual([])
    expect(said).toEqual({})
  })
})

it('the end of a run that waits for a pod to be made comes soon, and removes it', async () => {
  const clock = new FakeClock()
  const { fake, begin, stop } = await nodesOf({ nodes: [{ name: 'n1' }], isMute: true }, clock)
  const done = begin(600_000)
  while (fake.made.length === 0) await settle()
  stop.abort(new Error('the run has ended'))
  let isOver = false
  void done.finally(() => (isOver = true)).catch(() => undefined)
  for (let turn = 0; turn < 200 && !isOver; turn++) {
    await settle(10)
    await clock.advance(100)
  }
  await done.catch(() => undefined)
  expect(clock.monotonicMs()).toBeLessThan(12_000)
  expect([...fake.pods.keys()]).toEqual([])
})

describe('pods that were left', () => {
  const pod = (name: string, runUid: string, expiresAt: string): FakePod => ({
    metadata: {
      name,
      uid: name,
      namespace: HOST_NAMESPACE,
      labels: { [LABEL_RUN_UID]: runUid },
      annotations: { [ANNOTATION_EXPIRES]: expiresAt },
    },
    spec: { nodeName: 'n1', activeDeadlineSeconds: 1, containers: [] },
    status: {},
  })

  it('are removed by the next run once they have expired, and for their run at once', async () => {
    const { fake, client, begin } = await nodesOf({ nodes: [] })
    fake.put(pod('old', 'run-0', '2020-01-01T00:00:00Z'))
    fake.put(pod('new', 'run-0', '2999-01-01T00:00:00Z'))
    fake.put(pod('other', 'run-9', '2999-01-01T00:00:00Z'))
    fake.put(pod('odd', 'run-8', 'never'))
    await begin()
    expect([...fake.pods.keys()]).toEqual(['new', 'other', 'odd'])
    expect(await removeLeftPods({ client, namespace: HOST_NAMESPACE }, leftBy('run-0'))).toBe(1)
    expect([...fake.pods.keys()]).toEqual(['other', 'odd'])
    // What lacks one of our marks is not ours, whatever run it names.
    expect(await removeLeftPods({ client, namespace: HOST_NAMESPACE }, leftBy('run-8'))).toBe(0)
    expect([...fake.pods.keys()]).toEqual(['other', 'odd'])
  })
})
