import { describe, expect, it } from 'vitest'
import { type Kube } from '../../../../core/contract/index.ts'
import { type PodOutcome, podState, type PodWait, waitForPod } from '../../../../core/contract/pods/index.ts'
import { fakeKube } from '../../../../core/testkit/index.ts'
import { FakeClock, settle } from '../../../support/clock.ts'

const at = { namespace: 'ns', name: 'pod-1' }
const pod = (status: object) => ({ metadata: { name: 'pod-1', namespace: 'ns' }, spec: { containers: [{ name: 'a' }] }, status })
const waiting = (reason: string, message = '') => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'a', state: { waiting: { reason, message } } }],
})
const raw = (status: object) => ({ text: '', json: pod(status) })

describe('how far a pod is', () => {
  it.each<[string, object, object]>([
    ['unknown', {}, { phase: 'pending', reason: '', isHopeless: false, begun: [] }],
    [
      'pulling',
      waiting('ErrImagePull', 'no route\nand more'),
      { phase: 'pending', reason: 'ErrImagePull: no route', isHopeless: false },
    ],
    ['not to be pulled', waiting('ImagePullBackOff'), { reason: 'ImagePullBackOff', isHopeless: true }],
    ['never to be pulled', waiting('ErrImageNeverPull', 'not here'), { reason: 'ErrImageNeverPull: not here', isHopeless: true }],
    [
      'running',
      { phase: 'Running', containerStatuses: [{ name: 'a', state: { running: {} } }] },
      { phase: 'running', begun: ['a'] },
    ],
    [
      'good',
      { phase: 'Succeeded', containerStatuses: [{ name: 'a', state: { terminated: {} } }] },
      { phase: 'ended', begun: ['a'] },
    ],
    [
      'evicted',
      { phase: 'Failed', reason: 'Evicted', message: 'low on memory' },
      { phase: 'ended', reason: 'Evicted: low on memory', begun: [] },
    ],
    [
      'started again',
      {
        phase: 'Running',
        containerStatuses: [{ name: 'a', restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
      },
      { phase: 'ended', begun: ['a'], isHopeless: false },
    ],
    [
      'initializing',
      {
        phase: 'Pending',
        initContainerStatuses: [{ name: 'i', state: { running: {} } }],
        containerStatuses: [{ name: 'a', state: { waiting: { reason: 'PodInitializing' } } }],
      },
      { phase: 'pending', begun: ['i'], reason: 'PodInitializing' },
    ],
  ])('%s', (_, status, state) => {
    expect(podState(raw(status))).toMatchObject(state)
  })

  it('may still have its image', () => {
    expect(podState(raw(waiting('ImagePullBackOff')), { allowImagePullRetries: true }).isHopeless).toBe(false)
    expect(podState(raw(waiting('InvalidImageName')), { allowImagePullRetries: true }).isHopeless).toBe(true)
  })
})

/** Waits for a pod whose status changes with each look, the last one staying. */
function begin(statuses: (object | Error | undefined)[], wait: Partial<PodWait> = {}, events: string[] = []) {
  const clock = new FakeClock()
  const looks: number[] = []
  const fake = fakeKube()
  const list: Kube['list'] = async function* ({ plural }, query) {
    if (plural === 'events')
      return yield { items: events.map((message) => ({ text: '', json: { message } })), resourceVersion: '' }
    expect([plural, query]).toEqual(['pods', { fieldSelector: 'metadata.name=pod-1' }])
    const status = statuses[Math.min(looks.push(clock.monotonicMs()), statuses.length) - 1]
    if (status instanceof Error) throw status
    yield { items: status ? [raw(status)] : [], resourceVersion: '' }
  }
  const run = new AbortController()
  let outcome: PodOutcome | Error | undefined
  const context = { kube: { ...fake, list }, clock, signal: run.signal }
  waitForPod(context, at, { until: 'ended', timeoutMs: 0, ...wait }).then(
    (value) => (outcome = value),
    (error: Error) => (outcome = error),
  )
  const result = () => (outcome instanceof Error ? outcome.message : (outcome?.failure?.message ?? outcome?.state?.phase))
  return { clock, looks, run, result }
}

describe('waiting for a pod', () => {
  it('looks less and less often, until it has ended', async () => {
    const { clock, looks, result } = begin([...Array.from({ length: 8 }, () => ({ phase: 'Running' })), { phase: 'Succeeded' }])
    await clock.advance(60_000)
    expect(looks.map(Math.round)).toEqual([0, 250, 625, 1188, 2031, 3297, 5195, 7195, 9195])
    expect(result()).toBe('ended')
  })

  it.each<[PodWait['until'], string]>([
    ['running', 'running'],
    ['ended', 'ended'],
  ])('is until it is %s', async (until, phase) => {
    const { clock, result } = begin([{ phase: 'Pending' }, { phase: 'Running' }, { phase: 'Failed' }], { until })
    await clock.advance(1000)
    expect(result()).toBe(phase)
  })

  it('ends with its time, and not before', async () => {
    const { clock, looks, result } = begin([waiting('ContainerCreating')], { timeoutMs: 1000 })
    await clock.advance(999)
    expect(result()).toBeUndefined()
    await clock.advance(1)
    expect(result()).toBe('pod ns/pod-1 did not run to its end: timeout: it is pending, ContainerCreating')
    expect(looks.at(-1)).toBe(1000)
  })

  it('ends after five minutes when it does not begin, and never when it runs', async () => {
    const pending = begin([{ phase: 'Pending' }])
    await pending.clock.advance(5 * 60_000 - 1)
    expect(pending.result()).toBeUndefined()
    await pending.clock.advance(1)
    expect(pending.result()).toContain('timeout: it is pending')
    const running = begin([{ phase: 'Pending' }, { phase: 'Running' }])
    await running.clock.advance(60 * 60_000)
    expect(running.result()).toBeUndefined()
  })

  it('ends when nothing more can come: an image, an event that says so, somebody who removed it', async () => {
    const results = [
      begin([waiting('ImagePullBackOff')]),
      begin([waiting('x')], { hopeless: /no folder/ }, ['a', 'no folder']),
      begin([undefined]),
    ]
    await settle()
    expect(results.map(({ result }) => result())).toEqual([
      'pod ns/pod-1 did not run to its end: ImagePullBackOff',
      'pod ns/pod-1 did not run to its end: no folder',
      'pod ns/pod-1 did not run to its end: it was removed by someone else',
    ])
  })

  it('throws what the server says', async () => {
    const { result } = begin([new Error('no server')])
    await settle()
    expect(result()).toBe('no server')
  })

  it('ends with the run, also while it sleeps', async () => {
    const { clock, run, result } = begin([{ phase: 'Running' }])
    await clock.advance(100)
    run.abort(new Error('cancelled'))
    await settle()
    expect([result(), clock.sleeping]).toEqual(['cancelled', 0])
  })
})
