import { describe, expect, it } from 'vitest'
import { isUnhealthy, runsWell, statusReason } from '../../../collectors/cluster-resources/unhealthy.ts'

const running = { ready: true, state: { running: {} } }
const completed = { ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } }
const crashed = { ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } }
const failed = { state: { terminated: { exitCode: 3, reason: 'Error' } } }

type Pod = Parameters<typeof statusReason>[0]
const aPod = (status: Pod['status'], more: Partial<Pod> = {}): Pod => ({ metadata: {}, ...more, ...(status ? { status } : {}) })
const deleted = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }
const sidecar = { spec: { initContainers: [{ restartPolicy: 'Always' }] } }
const twoInits = { spec: { initContainers: [{}, {}] } }

const CASES: [name: string, pod: Pod, reason: string, isUnhealthy: boolean][] = [
  ['runs', aPod({ phase: 'Running', containerStatuses: [running, running] }), 'Running', false],
  [
    'has a container that is not ready',
    aPod({ phase: 'Running', containerStatuses: [running, { ...running, ready: false }] }),
    'Running',
    true,
  ],
  ['crashes', aPod({ phase: 'Running', containerStatuses: [crashed] }), 'CrashLoopBackOff', true],
  ['has completed', aPod({ phase: 'Succeeded', containerStatuses: [completed] }), 'Completed', false],
  ['has failed', aPod({ phase: 'Failed', containerStatuses: [failed] }), 'Error', true],
  ['was evicted', aPod({ phase: 'Failed', reason: 'Evicted' }), 'Evicted', true],
  ['is pending', aPod({ phase: 'Pending' }), 'Pending', true],
  ['is nowhere', aPod({ phase: 'Unknown', containerStatuses: [running] }), 'Unknown', true],
  ['is being deleted', aPod({ phase: 'Running', containerStatuses: [running] }, deleted), 'Terminating', true],
  ['is on a lost node', aPod({ phase: 'Running', reason: 'NodeLost' }, deleted), 'Unknown', true],
  [
    'waits for an init container',
    aPod({ phase: 'Running', initContainerStatuses: [{ state: { running: {} } }] }, twoInits),
    'Init:0/2',
    true,
  ],
  ['has an init container that failed', aPod({ phase: 'Running', initContainerStatuses: [failed] }), 'Init:Error', true],
  [
    'has an init container that was killed',
    aPod({ phase: 'Running', initContainerStatuses: [{ state: { terminated: { exitCode: 137, signal: 9 } } }] }),
    'Init:Signal:9',
    true,
  ],
  [
    'has an init container that cannot start',
    aPod({ phase: 'Running', initContainerStatuses: [crashed] }),
    'Init:CrashLoopBackOff',
    true,
  ],
  [
    'has a sidecar beside it',
    aPod({ phase: 'Running', initContainerStatuses: [running], containerStatuses: [running] }, sidecar),
    'Running',
    false,
  ],
  [
    'has init containers that are done',
    aPod({ phase: 'Running', initContainerStatuses: [{ state: { terminated: { exitCode: 0 } } }], containerStatuses: [running] }),
    'Running',
    false,
  ],
  [
    'is half done, and ready',
    aPod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [completed, running] }),
    'Running',
    true,
  ],
  ['is half done, and not ready', aPod({ phase: 'Running', containerStatuses: [completed, running] }), 'NotReady', true],
  [
    'ended without a reason',
    aPod({ phase: 'Running', containerStatuses: [{ state: { terminated: { exitCode: 2 } } }] }),
    'ExitCode:2',
    true,
  ],
  ['has no status', aPod(undefined), '', true],
]

describe('a pod that', () => {
  it.each(CASES)('%s', (_, pod, reason, wanted) => {
    expect(statusReason(pod)).toBe(reason)
    expect(isUnhealthy(pod as Record<string, unknown>)).toBe(wanted)
  })

  it.each(CASES)('%s: is never taken for well without reason', (_, pod, __, wanted) => {
    if (runsWell(Buffer.from(JSON.stringify(pod)))) expect(wanted).toBe(false)
  })

  it('runs is known as well by its status alone', () => {
    const pod = {
      metadata: { annotations: { x: '{"status":{"phase":"Failed"}}' } },
      spec: {},
      status: { phase: 'Running', containerStatuses: [running] },
    }
    expect(runsWell(Buffer.from(JSON.stringify(pod)))).toBe(true)
    expect(runsWell(Buffer.from(JSON.stringify({ ...pod, spec: { status: {} } })))).toBe(true)
    const broken = { ...pod.status, containerStatuses: [{ ready: true, state: {} }] }
    expect(runsWell(Buffer.from(JSON.stringify({ ...pod, spec: { status: pod.status }, status: broken })))).toBe(false)
  })
})
