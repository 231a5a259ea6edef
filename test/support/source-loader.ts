import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { AnyPlugin, Found, Loader } from '../../agent/loader/loader.ts'
import type { CollectorPlugin, HostCollectorPlugin } from '../../core/contract/index.ts'

const COLLECTORS = resolve(import.meta.dirname, '../../collectors')

/** Collectors from their sources, so that tests of them need no build. */
export async function sourceLoader(): Promise<Loader> {
  const folders = readdirSync(COLLECTORS, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const found = await Promise.all(folders.map(({ name }) => load(name)))
  return {
    find: async (kind, key) => found.find((one) => one.kind === kind && one.key === key),
    findScheme: async () => undefined,
    keys: async (kind) => found.filter((one) => one.kind === kind).map(({ key }) => key),
    all: async () => ({ found, problems: [] }),
  }
}

async function load(name: string): Promise<Found> {
  const folder = join(COLLECTORS, name)
  const module = (await import(join(folder, 'index.ts'))) as { default: CollectorPlugin | HostCollectorPlugin }
  const { manifest } = module.default
  const plugin: AnyPlugin = module.default
  return { kind: manifest.kind, name, folder, key: manifest.specKey, manifest, isBuiltIn: true, load: async () => plugin }
}
