import type { KubeClient } from '../../../core/kube/client.ts'
import { watch, type WatchEvent, type WatchOptions } from '../../../core/kube/watch.ts'

/** Follows a watch, keeping the world as it tells it. */
export function follow(client: KubeClient, options: Omit<WatchOptions, 'signal'>) {
  const stop = new AbortController()
  const events: WatchEvent[] = []
  const problems: unknown[] = []
  const world = new Map<string, string>()
  let wake = Promise.withResolvers<void>()
  const turn = () => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  const onProblem = (error: unknown) => {
    problems.push(error)
    turn()
  }
  const done = (async () => {
    for await (const event of watch(client, { ...options, signal: stop.signal, onProblem })) {
      events.push(event)
      if (event.type === 'resync') world.clear()
      for (const item of event.type === 'resync' ? event.items : [event.object]) {
        if (event.type === 'deleted') world.delete(item.metadata.name ?? '')
        else world.set(item.metadata.name ?? '', item.text)
      }
      turn()
    }
  })()
  return {
    events,
    problems,
    world,
    /** resolves once `isSo`, looked at after each event and problem */
    async until(isSo: () => boolean) {
      while (!isSo()) await wake.promise
    },
    stop() {
      stop.abort(new Error('stop'))
      return done
    },
    resyncs: () => events.filter((event) => event.type === 'resync').length,
  }
}
