import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asProblem } from '../../core/errors.ts'
import { isRunName, jobOf } from '../../core/names.ts'
import { assemble } from '../assemble.ts'
import { recover } from '../scheduler/recover.ts'
import type { TenantEdge } from '../tenant.ts'

/** Delivers what lies in the outboxes of this pod, while another replica leads. */
export interface Deliverers {
  start(): void
  /** ends what is under way; resolves when nothing is */
  stop(reason: string): Promise<void>
}

const NAP_MS = 30_000

/** @param workFolder base of the folders of all namespaces */
export function createDeliverers(tenantOf: (namespace: string) => TenantEdge, workFolder: string): Deliverers {
  let stopping = new AbortController()
  let working: Promise<unknown> = Promise.resolve()
  return {
    start() {
      const { signal } = (stopping = new AbortController())
      working = namesIn(join(workFolder, 'namespaces')).then((namespaces) =>
        Promise.all(namespaces.map((namespace) => deliverFrom(tenantOf(namespace), signal))),
      )
    },
    async stop(reason) {
      stopping.abort(new Error(reason))
      await working
    },
  }
}

/** Until the outbox of the namespace is empty, or the signal aborts. What cannot be done now is tried again. Never rejects. */
async function deliverFrom(tenant: TenantEdge, signal: AbortSignal): Promise<void> {
  const { outbox: folder } = tenant.folders
  if ((await namesIn(folder)).length === 0) return
  const works = assemble(tenant, signal)
  let bell = new AbortController()
  works.onDone(() => bell.abort(new Error('a delivery was tried')))
  while (!signal.aborted) {
    bell = new AbortController()
    let next: Date | undefined
    try {
      const names = (await namesIn(folder)).filter(isRunName)
      if (names.length === 0 && works.outbox.active.size === 0) break
      for (const name of names) await readAgain(works.edge, name)
      await recover(works.edge, tenant.folders, new Set())
      next = works.outbox.pump()
    } catch (error) {
      tenant.log.warn(
        { namespace: tenant.namespace, problem: asProblem(error) },
        'the outbox of a namespace cannot be worked off yet',
      )
    }
    const now = tenant.clock.now().getTime()
    const napMs = Math.max(0, Math.min(NAP_MS, (next?.getTime() ?? Infinity) - now))
    await tenant.clock.sleep(napMs, AbortSignal.any([signal, bell.signal])).catch(() => undefined)
  }
  works.outbox.cancel('this replica delivers nothing any more')
  await works.outbox.idle()
}

/** Only what lies here is read: others know the rest. */
async function readAgain({ mirror, namespace }: ReturnType<typeof assemble>['edge'], name: string): Promise<void> {
  await mirror.refresh({ kind: 'job', namespace, name: jobOf(name) })
  await mirror.refresh({ kind: 'run', namespace, name })
}

const namesIn = (folder: string) => readdir(folder).catch((): string[] => [])
