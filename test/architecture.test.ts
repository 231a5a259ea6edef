import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const SOURCE = ['core', 'plugin', 'agent', 'collectors', 'uploaders']

interface File {
  path: string
  text: string
  /** paths of our own files, names of packages */
  imports: string[]
}

function filesBelow(folder: string): File[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readSource(`${folder}/${name.split(sep).join('/')}`))
}

const IMPORT = /^(?:import|export)\s(?:[\w*{}\s,$]*?\sfrom\s)?'([^']+)'$|\bimport\('([^']+)'\)/gm

function readSource(path: string): File {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const specifiers = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '')
  const imports = specifiers.map((one) =>
    one.startsWith('.')
      ? relative(ROOT, resolve(ROOT, dirname(path), one))
          .split(sep)
          .join('/')
      : one,
  )
  return { path, text, imports }
}

const files = SOURCE.flatMap(filesBelow)
const inside = (path: string, rooms: readonly string[]) =>
  rooms.some((room) => path === room || path.startsWith(room.endsWith('/') ? room : `${room}/`))
const isOurs = (specifier: string) => inside(specifier, [...SOURCE, 'test', 'tools'])
const isPackage = (specifier: string) => !isOurs(specifier) && !specifier.startsWith('node:')

/** Who may import what of ours. The first room that holds a file decides; what a room holds itself is always allowed. */
const ARROWS: readonly { room: string; may: readonly string[] }[] = [
  { room: 'core/contract', may: [] },
  { room: 'core/testkit', may: ['core/contract', 'core/clock.ts'] },
  { room: 'core/schedule', may: ['core/errors.ts'] },
  { room: 'core/jsonpath', may: ['core/errors.ts', 'core/suggest.ts'] },
  {
    room: 'core/kube',
    may: ['core/contract', 'core/clock.ts', 'core/errors.ts', 'core/names.ts', 'core/yaml.ts', 'core/quantity.ts'],
  },
  { room: 'core/store', may: ['core/clock.ts', 'core/errors.ts', 'core/job.ts', 'core/run.ts', 'core/names.ts', 'core/kube'] },
  { room: 'core', may: ['core'] },
  { room: 'collectors', may: ['core/contract'] },
  { room: 'uploaders', may: ['core/contract'] },
  { room: 'agent/task', may: ['core', 'agent'] },
  { room: 'agent/loader', may: ['core'] },
  { room: 'agent/go-regexp', may: [] },
  { room: 'agent/redaction', may: ['core', 'agent/go-regexp'] },
  { room: 'agent/specs', may: ['core'] },
  { room: 'agent/analysis', may: ['core', 'agent/go-regexp', 'agent/specs'] },
  { room: 'agent/drift', may: ['core'] },
  { room: 'agent/bundle', may: ['core', 'agent/redaction'] },
  { room: 'agent/delivery', may: ['core', 'agent/loader', 'agent/redaction'] },
  { room: 'agent', may: ['core', 'agent'] },
  { room: 'plugin', may: ['core', 'plugin'] },
]

describe('arrows', () => {
  it.each(files.map((file) => [file.path, file] as const))('%s imports only what its room may', (path, file) => {
    const arrow = ARROWS.find(({ room }) => inside(path, [room]))
    expect(arrow, 'every file is in a known room').toBeDefined()
    const allowed = [arrow?.room ?? '', ...(arrow?.may ?? [])]
    expect(file.imports.filter((one) => isOurs(one) && !inside(one, allowed))).toEqual([])
  })

  it('schedule, contract, job, run and ledger import neither kube nor store', () => {
    const pure = files.filter((file) =>
      inside(file.path, ['core/schedule', 'core/contract', 'core/job.ts', 'core/run.ts', 'core/ledger.ts']),
    )
    expect(
      pure.filter((file) => file.imports.some((one) => inside(one, ['core/kube', 'core/store']))).map((file) => file.path),
    ).toEqual([])
  })

  it('a collector or uploader imports no other one', () => {
    const crossing = files.filter((file) => {
      const own = file.path.split('/').slice(0, 2).join('/')
      return (
        inside(file.path, ['collectors', 'uploaders']) &&
        file.imports.some((one) => inside(one, ['collectors', 'uploaders']) && !inside(one, [own]))
      )
    })
    expect(crossing.map((file) => file.path)).toEqual([])
  })
})

describe('packages', () => {
  /** Which of our files may use a package: the others go through them. */
  const ONLY: readonly { name: string; rooms: readonly string[] }[] = [
    { name: 'croner', rooms: ['core/schedule/cron.ts'] },
    { name: 'yaml', rooms: ['core/yaml.ts', 'agent/redaction/yaml-edits.ts', 'agent/specs'] },
    { name: 'citty', rooms: ['plugin'] },
    { name: '@kubernetes/client-node', rooms: ['core/kube/oidc-credentials.ts'] },
    { name: '@aws-sdk', rooms: ['uploaders/s3'] },
    { name: 'lowdb', rooms: ['agent/cache'] },
    { name: 'pg', rooms: ['collectors/postgres'] },
    { name: 'mysql2', rooms: ['collectors/mysql'] },
    { name: 'tedious', rooms: ['collectors/mssql'] },
    { name: 'pino', rooms: ['agent/local.ts'] },
    { name: 'hono', rooms: ['agent/server'] },
    { name: '@hono/node-server', rooms: ['agent/server'] },
    { name: 'tar-stream', rooms: ['agent/bundle'] },
    { name: 'zod', rooms: ['core', 'agent', 'collectors', 'uploaders'] },
  ]
  it('each package is imported only where it belongs', () => {
    const wrong = files.flatMap((file) =>
      file.imports.filter(isPackage).flatMap((specifier) => {
        const known = ONLY.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`))
        return known && inside(file.path, known.rooms) ? [] : [`${file.path} imports ${specifier}`]
      }),
    )
    expect(wrong).toEqual([])
  })
})

/** Code without comments and strings. */
const codeOf = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '').replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''")

describe('edges', () => {
  it('the clock and timers are used in core/clock.ts alone', () => {
    const clock = /Date\.now\(|new Date\(\)|\bset(Timeout|Interval)\(|performance\.now\(|AbortSignal\.timeout\(/
    const wrong = files.filter((file) => file.path !== 'core/clock.ts' && clock.test(codeOf(file.text)))
    expect(wrong.map((file) => file.path)).toEqual([])
  })

  it('only the programs touch their process', () => {
    const edges = new Set([
      'agent/main.ts',
      'agent/task/main.ts',
      'agent/runner/main.ts',
      'plugin/main.ts',
      'plugin/process-edge.ts',
      'plugin/agent-process.ts',
      'agent/task/watchdog.ts',
    ])
    const wrong = files.filter(
      (file) => !edges.has(file.path) && /\bprocess\.(?!self)|\bfrom 'node:process'/.test(codeOf(file.text)),
    )
    expect(wrong.map((file) => file.path)).toEqual([])
  })

  it('core starts no process and reads no file outside of its backends', () => {
    const systems = ['node:child_process', 'node:fs', 'node:fs/promises', 'node:net', 'node:http', 'node:https']
    const pure = files.filter(
      (file) => inside(file.path, ['core']) && !inside(file.path, ['core/kube', 'core/store', 'core/testkit']),
    )
    const wrong = pure.filter((file) => systems.some((name) => new RegExp(`import (?!type)[^\\n]*'${name}'`).test(file.text)))
    expect(wrong.map((file) => file.path)).toEqual([])
  })
})

describe('the tree', () => {
  it('no source file is longer than one sitting', () => {
    expect(files.filter((file) => file.text.split('\n').length > 301).map((file) => file.path)).toEqual([])
  })

  it('every folder tells a newcomer what lives there', () => {
    const folders = new Set(files.flatMap((file) => roomsOf(file.path)))
    const silent = [...folders].filter((folder) => !readdirSync(join(ROOT, folder)).includes('README.md'))
    expect(silent).toEqual([])
  })

  it('every test mirrors a source file or folder', () => {
    const mirrored = filesBelow('test')
      .map((file) => file.path)
      .filter((path) => path.endsWith('.test.ts') && SOURCE.some((room) => path.startsWith(`test/${room}/`)))
    const exists = (path: string) =>
      files.some(
        (file) => file.path === path || file.path.startsWith(path.replace(/\.ts$/, '/')) || inside(file.path, [dirname(path)]),
      )
    expect(mirrored.filter((path) => !exists(path.slice('test/'.length).replace('.test.ts', '.ts')))).toEqual([])
  })
})

/** Top folders and the folders right below them; the folders of single plug-ins have READMEs for their authors. */
function roomsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.length > 1 ? [parts[0] ?? '', parts.slice(0, 2).join('/')] : [parts[0] ?? '']
}
