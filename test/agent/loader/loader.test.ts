import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loaderEdge } from '../../../agent/loader/edge.ts'
import { createLoader, type LoaderEdge } from '../../../agent/loader/loader.ts'
import { systemClock } from '../../../core/clock.ts'
import { FakeClock, settle } from '../../support/clock.ts'
import { collectorModule, uploaderModule, writePlugin } from '../../support/plugins.ts'

let folder: string
let lib: string
let plugins: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sbs-loader-'))
  lib = join(folder, 'lib')
  plugins = join(folder, 'plugins')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A built-in plug-in as the build leaves it: the manifest beside the module. */
async function builtIn(room: 'collectors' | 'uploaders', name: string, module: string, manifest: object = {}): Promise<void> {
  await writePlugin(lib, room, name, module)
  const kind =
    room === 'uploaders'
      ? { kind: 'Uploader', schemes: [name], secretKeys: [] }
      : { kind: 'Collector', specKey: name, permissions: [], outputs: ['x'] }
  const whole = { apiVersion: 'support-bundle-schedule/v1', name, version: '1.0.0', summary: 'x', ...kind, ...manifest }
  await writeFile(join(lib, room, name, 'manifest.json'), JSON.stringify(whole))
}
const collector = (name: string, more = {}) => builtIn('collectors', name, collectorModule(name, ''), more)
const THROWS = (name: string) => `throw new Error('${name} was imported')`
const third = (
  room: 'collectors' | 'uploaders',
  name: string,
  module = room === 'uploaders' ? uploaderModule(name, '') : collectorModule(name, ''),
) => writePlugin(plugins, room, name, module)

function start(change: Partial<LoaderEdge> = {}, folders = [plugins]) {
  const imported: string[] = []
  const edge = { ...loaderEdge(systemClock, (path) => void imported.push(path)), ...change }
  return { loader: createLoader(lib, folders, edge), imported }
}

describe('built-in plug-ins', () => {
  it('are known by their manifest, and imported only when they are loaded', async () => {
    await builtIn('collectors', 'bomb', THROWS('bomb'))
    await builtIn('collectors', 'good', collectorModule('good', ''))
    await builtIn('uploaders', 'drop', THROWS('drop'))
    const { loader } = start()
    expect(await loader.keys('Collector')).toEqual(['bomb', 'good'])
    const found = await loader.find('Collector', 'good')
    expect(found).toMatchObject({
      kind: 'Collector',
      name: 'good',
      key: 'good',
      isBuiltIn: true,
      folder: join(lib, 'collectors/good'),
    })
    expect(await found?.load()).toMatchObject({ manifest: { name: 'good' } })
    expect((await loader.findScheme('drop'))?.name).toBe('drop')
    expect((await loader.all()).problems).toEqual([])
    await expect((await loader.find('Collector', 'bomb'))?.load()).rejects.toMatchObject({
      code: 'PLUGIN_NOT_LOADED',
      message: expect.stringMatching(/bomb.*was imported/),
    })
  })

  it('are imported once', async () => {
    await collector('good')
    let imports = 0
    const edge = loaderEdge(systemClock, () => undefined)
    const { loader } = start({ importDefault: (path) => (imports++, edge.importDefault(path)) })
    const found = await loader.find('Collector', 'good')
    await Promise.all([found?.load(), found?.load(), (await loader.find('Collector', 'good'))?.load()])
    expect(imports).toBe(1)
  })

  it('need no third-party code when they are found', async () => {
    await collector('good')
    await third('collectors', 'other', THROWS('other'))
    const { loader, imported } = start()
    await loader.find('Collector', 'good')
    expect(imported).toEqual([])
    expect(await loader.find('Collector', 'unknown')).toBeUndefined()
    expect(imported).toEqual([join(plugins, 'collectors/other')])
  })

  it('a module that is not what its manifest says does not load', async () => {
    await builtIn('collectors', 'good', collectorModule('other', ''))
    await expect((await start().loader.find('Collector', 'good'))?.load()).rejects.toMatchObject({ code: 'PLUGIN_NOT_LOADED' })
  })
})

describe('third-party plug-ins', () => {
  it('are problems, never errors', async () => {
    await third('collectors', 'good')
    await third('collectors', 'throws', THROWS('throws'))
    await third('collectors', 'throws-odd', 'throw Object.create(null)')
    await third('collectors', 'no-default', 'export const x = 1')
    await third('collectors', 'a-function', 'export default () => {}')
    await third('collectors', 'no-manifest', 'export default {}')
    await third('collectors', 'named', collectorModule('other', ''))
    await third('collectors', 'no-schema', collectorModule('no-schema', '').replace('configSchema', 'schema'))
    await third('collectors', 'no-verb', collectorModule('no-verb', '').replace('*collect', '*run'))
    await third('collectors', 'an-uploader', uploaderModule('an-uploader', ''))
    await third('uploaders', 'a-collector', collectorModule('a-collector', ''))
    await third('collectors', 'getter', `export default { get manifest() { throw new Error('no looking') } }`)
    await mkdir(join(plugins, 'collectors', 'empty'))
    const { found, problems } = await start().loader.all()
    expect(found.map(({ name }) => name)).toEqual(['good'])
    const reasons = Object.fromEntries(
      problems.map(({ folder: at, message, code }) => [at.slice(plugins.length + 1), `${code} ${message}`]),
    )
    const want = {
      'collectors/throws': 'was imported',
      'collectors/throws-odd': 'cannot be shown',
      'collectors/no-default': 'default export',
      'collectors/a-function': 'default export',
      'collectors/no-manifest': 'manifest must be an object',
      'collectors/named': 'its folder "named"',
      'collectors/no-schema': 'no Standard Schema',
      'collectors/no-verb': '"collect"',
      'collectors/an-uploader': '"kind" must be',
      'uploaders/a-collector': '"kind" must be',
      'collectors/getter': 'no looking',
      'collectors/empty': 'Cannot find module',
    }
    expect(Object.keys(reasons).toSorted()).toEqual(Object.keys(want).toSorted())
    for (const [at, reason] of Object.entries(want)) {
      expect(reasons[at]).toContain(reason)
      expect(reasons[at]).toMatch(/^PLUGIN_NOT_LOADED plug-in \S/)
    }
  })

  it('the first of twins stays, and built-in ones come first', async () => {
    await collector('data')
    await builtIn('collectors', 'host-copy', THROWS('host-copy'), {
      kind: 'HostCollector',
      specKey: 'copy',
      platforms: ['linux'],
    })
    await third('collectors', 'aaa', collectorModule('aaa', '', { specKey: 'data' }))
    await third('collectors', 'copy')
    await third('collectors', 'host-copy', collectorModule('host-copy', '', { specKey: 'mine' }))
    await third('collectors', 'mine')
    const more = join(folder, 'more')
    await writePlugin(more, 'collectors', 'mine', collectorModule('mine', '', { specKey: 'other' }))
    await writePlugin(more, 'uploaders', 'mine', uploaderModule('mine', ''))
    const { loader } = start({}, [plugins, more])
    const { found, problems } = await loader.all()
    // a key is one of its kind: `copy` of a host and of a cluster are two
    expect(found.map(({ kind, key, name }) => `${kind} ${key} ${name}`)).toEqual([
      'Collector data data',
      'HostCollector copy host-copy',
      'Collector copy copy',
      'Collector mine mine',
      'Uploader mine mine',
    ])
    expect(problems.map(({ folder: at }) => at)).toEqual([
      join(plugins, 'collectors/aaa'),
      join(plugins, 'collectors/host-copy'),
      join(more, 'collectors/mine'),
    ])
    expect(problems.map(({ message }) => message.replace(/^.*did not load: /, ''))).toEqual([
      '"data" is taken by the built-in plug-in "data"',
      'its name "host-copy" is taken by the built-in plug-in "host-copy"',
      'its name "mine" is taken by the earlier plug-in "mine"',
    ])
    expect((await loader.find('Collector', 'data'))?.isBuiltIn).toBe(true)
  })

  it('a folder that is missing is empty; one that cannot be read is a problem', async () => {
    await collector('good')
    expect(await start().loader.all()).toMatchObject({ problems: [] })
    const edge = loaderEdge(systemClock, () => undefined)
    const folders = async (path: string) => {
      if (path === join(plugins, 'collectors')) throw new Error('EACCES: permission denied')
      return edge.folders(path)
    }
    const { found, problems } = await start({ folders }).loader.all()
    expect(found.map(({ name }) => name)).toEqual(['good'])
    expect(problems).toMatchObject([{ code: 'PLUGIN_NOT_LOADED', message: expect.stringContaining('EACCES') }])
  })
})

describe('the edge of the loader', () => {
  it('finds folders and links to folders, sorted; neither files nor hidden names', async () => {
    for (const name of ['b', 'a', '..data', '.git']) await mkdir(join(plugins, name), { recursive: true })
    await writeFile(join(plugins, 'README.md'), '')
    await symlink(join(plugins, 'a'), join(plugins, 'link'))
    await symlink(join(plugins, 'README.md'), join(plugins, 'linked.md'))
    await symlink('nowhere', join(plugins, 'dangling'))
    const { folders } = loaderEdge(systemClock, () => undefined)
    expect(await folders(plugins)).toEqual(['a', 'b', 'link'])
    expect(await folders(join(plugins, 'none'))).toEqual([])
    expect(await folders(join(plugins, 'README.md'))).toEqual([])
  })

  it('waits 10 s for a module, and no longer than needed', async () => {
    await third('collectors', 'never', 'await new Promise(() => {})')
    await third('collectors', 'good')
    const clock = new FakeClock()
    const { importDefault } = loaderEdge(clock, () => undefined)
    expect(await importDefault(join(plugins, 'collectors/good/index.js'))).toMatchObject({ manifest: { name: 'good' } })
    let outcome = 'waiting'
    importDefault(join(plugins, 'collectors/never/index.js')).catch((error: Error) => (outcome = error.message))
    await clock.advance(9_900)
    expect(outcome).toBe('waiting')
    await clock.advance(200)
    await settle()
    expect(outcome).toBe('its top level did not end within 10 s')
  })
})
