import { Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createHttp } from '../../../agent/task/outbound/http.ts'
import { guardConnections } from '../../../agent/task/network-guard.ts'
import { type Clock, systemClock } from '../../../core/clock.ts'
import type { CollectorPlugin } from '../../../core/contract/index.ts'
import { collectorContext, type FakeCluster, fakeKube, gather, type Gathered } from '../../../core/testkit/index.ts'

export interface Asked {
  path: string
  connection: { isConnected: boolean; error?: string; version?: string; variables?: Record<string, string> }
  warnings: Gathered['warnings']
  /** all that was told */
  told: string
}

export interface AskOptions {
  clock?: Clock
  cluster?: FakeCluster
  signal?: AbortSignal
  namespaces?: string[]
}

/** Runs a collector of a database, over real sockets. */
export async function ask(
  collector: CollectorPlugin,
  entry: object,
  { clock = systemClock, cluster = {}, signal = new AbortController().signal, namespaces = ['payments'] }: AskOptions = {},
): Promise<Asked> {
  const { value: config, issues } = (await collector.configSchema['~standard'].validate(entry)) as {
    value: unknown
    issues?: unknown[]
  }
  if (issues) throw new Error(JSON.stringify(issues))
  const context = {
    ...collectorContext({ config, kube: fakeKube(cluster), clock, signal, namespaces }),
    http: createHttp({ clock, signal }),
  }
  const gathered = await gather(collector.collect(context))
  const [file, ...others] = gathered.files
  if (!file || others.length > 0) throw new Error(`${gathered.files.length} files came`)
  return {
    path: file.path,
    connection: JSON.parse(file.text) as Asked['connection'],
    warnings: gathered.warnings,
    told: JSON.stringify(gathered.outputs),
  }
}

/** A collector as `npm run build` left it: with its packages in it, and without what is cut out of them. */
export async function built(name: string): Promise<CollectorPlugin> {
  const path = join(import.meta.dirname, '../../../dist/lib/collectors', name, 'index.js')
  const module = (await import(pathToFileURL(path).href)) as { default: CollectorPlugin }
  return module.default
}

/** Does something while the task's network guard stands, for which all names are those of 127.0.0.1. */
export async function guarded<Value>(work: () => Promise<Value>): Promise<Value> {
  const original = Socket.prototype.connect
  guardConnections(Socket, { refused: [], allowed: [] }, (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]))
  try {
    return await work()
  } finally {
    Socket.prototype.connect = original
  }
}
