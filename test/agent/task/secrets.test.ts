import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectorModule, writePlugin } from '../../support/plugins.ts'
import { makeWorkspace, mustHave, runRequest, runTask, spec, unpack, type Workspace } from '../../support/task.ts'

/**
 * Secrets planted in all that the built-in collectors read, and in all that third-party ones say, never reach the disk: not the
 * archive, not a staged file while it lies there, not the log, not a message.
 */

/** What must never be found. A few letters of it are enough for an attacker's guess, so its parts count, too. */
const MARK = 'pl4nted'
const PEM_LINES = [
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
  'MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu',
]
const FORBIDDEN = [MARK, ...PEM_LINES]

const FORMS = [
  `password=${MARK}-1x`,
  `{"apiKey": "${MARK}-2x", "db": {"password": "${MARK}-3x"}}`,
  `connecting to postgres://app:${MARK}-4x@db:5432/shop`,
  `Authorization: Bearer ${MARK}.5x.aaaaaaaaaaaaaaaa`,
  `-----BEGIN PRIVATE KEY-----\n${PEM_LINES.join('\n')}\n-----END PRIVATE KEY-----`,
  `export DB_TOKEN="${MARK}-6x"`,
  `https://bob:${MARK}-7x@example.com/x`,
]
const TEXT = `first line\n${FORMS.join('\n')}\nlast line\n`
/** Above what is held in memory, so that it is staged; secrets at its beginning, in its middle and at its end. */
const LARGE = `${TEXT}${'nothing to see in this line\n'.repeat(60_000)}${TEXT}${'nor here\n'.repeat(100_000)}${TEXT}`

/** Each place where something forbidden stands, with what is around it. */
const leaksIn = (text: string) =>
  text.match(new RegExp(`.{0,60}(${FORBIDDEN.join('|').replaceAll('+', '[+]')}).{0,20}`, 'g')) ?? []

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

/** Programs that the host's collectors ask, as scripts that print secrets. */
async function plantedTools(): Promise<string> {
  const bin = join(space.elsewhere, 'bin')
  await mkdir(bin, { recursive: true })
  const tool = async (name: string, script: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  const words = `echo 'password=${MARK}-8x'; echo 'token: ${MARK}-9x' >&2`
  await tool('systemctl', `echo 'ssh?password=${MARK}-10x loaded active running shell'; ${words}`)
  await tool('timedatectl', `echo 'Timezone=password=${MARK}-11x'; ${words}`)
  await tool(
    'ip',
    `echo '[{"ifindex":1,"ifname":"password=${MARK}-12x","mtu":1,"address":"","flags":["UP"],"addr_info":[{"family":"inet","local":"192.0.2.1"}]}]'; echo 'token: ${MARK}-9x' >&2`,
  )
  for (const name of ['uname', 'readlink', 'hostname']) await tool(name, `${words}; exit 3`)
  return `${bin}:${process.env['PATH']}`
}

async function plantedSpec() {
  const file = join(space.elsewhere, 'app.conf')
  await writeFile(file, TEXT)
  const large = join(space.elsewhere, 'app.log')
  await writeFile(large, LARGE)
  const say = (path: string, more = '') => ['-c', `cat ${path}; cat ${path} >&2; ${more}`]
  return spec({
    collectors: [
      { data: { name: 'data', collectorName: 'planted.txt', data: TEXT } },
      { data: { name: 'data/large.txt', data: LARGE } },
      { planted: {} },
      { broken: {} },
      { unloaded: {} },
    ],
    hostCollectors: [
      { run: { collectorName: 'small', command: 'sh', args: say(file) } },
      { run: { collectorName: 'failing', command: 'sh', args: say(file, 'exit 3') } },
      { run: { collectorName: 'large', command: 'sh', args: say(large) } },
      {
        run: {
          collectorName: 'args',
          command: 'echo',
          args: ['--password', `password=${MARK}-13x`],
          env: [`DB_PASSWORD=${MARK}-14x`],
        },
      },
      { run: { collectorName: 'missing', command: `/nowhere/password=${MARK}-15x` } },
      { copy: { collectorName: 'copied', path: join(space.elsewhere, 'app.*') } },
      ...['hostServices', 'time', 'ipv4Interfaces', 'kernelModules', 'cpu', 'memory', 'hostOS'].map((key) => ({ [key]: {} })),
      { diskUsage: { collectorName: 'root', path: '/' } },
    ],
    hostAnalyzers: [
      {
        textAnalyze: {
          checkName: `check password=${MARK}-16x`,
          fileName: 'host-collectors/run-host/small.txt',
          regexGroups: 'password=(?P<Value>.*)',
          outcomes: [
            { fail: { when: 'Value == x', message: `password=${MARK}-17x` } },
            { pass: { message: `found {{ .Value }} and token="${MARK}-18x"` } },
          ],
        },
      },
    ],
  })
}

async function plantPlugins(): Promise<void> {
  const planted = `
    const text = ${JSON.stringify(TEXT)}
    const large = Buffer.from(${JSON.stringify(TEXT)} + 'nothing here\\n'.repeat(150_000) + text)
    process.stdout.write(text)
    process.stderr.write(text)
    for (const piece of text.match(/[^]{1,3}/g)) { process.stdout.write(piece); await new Promise((r) => setTimeout(r, 1)) }
    context.log.warn({ text, nested: { password: '${MARK}-20x' } }, text)
    yield { type: 'warning', code: 'SAW_SECRET', message: text }
    yield { type: 'warning', code: 'password=${MARK}-21x', message: 'x'.repeat(1985) + 'password="${MARK}-22x"' }
    yield { type: 'file', path: 'planted/bytes', format: 'text', body: async function* () { for (const byte of Buffer.from(text)) yield Uint8Array.of(byte) } }
    yield { type: 'file', path: 'planted/slow', format: 'text', body: async function* () {
      for (let at = 0; at < large.length; at += 300_007) { yield large.subarray(at, at + 300_007); await new Promise((r) => setTimeout(r, 40)) }
    } }
    yield { type: 'file', path: 'planted/half', format: 'text', body: async function* () { yield large; throw new Error('read failed at ' + text) } }
    yield { type: 'file', path: 'planted/json', format: 'json', body: JSON.stringify({ text, list: [text] }) }
    const error = new Error('cannot log in with password=${MARK}-23x and ' + text)
    throw Object.assign(error, { code: 'token=${MARK}-24x', class: 'bug', remedy: 'use password=${MARK}-25x' })`
  await writePlugin(space.plugins, 'collectors', 'planted', collectorModule('planted', planted))
  await writePlugin(
    space.plugins,
    'collectors',
    'broken',
    collectorModule(
      'broken',
      `void Promise.reject(new Error('password=${MARK}-26x'))\nthrow new Error(${JSON.stringify(TEXT.replaceAll('\n', ' '))})`,
    ),
  )
  await writePlugin(space.plugins, 'collectors', 'unloaded', `throw new Error('no database at postgres://u:${MARK}-27x@h/d')`)
}

/** Looks at every file below a folder, again and again, until told to stop. */
function watchFolder(folder: string) {
  const found = new Set<string>()
  const staged = new Set<string>()
  const over = new AbortController()
  const look = async () => {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (!entry.isFile()) continue
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0))
      if (entry.name.startsWith('staged-') && bytes.length > 0) staged.add(entry.name)
      for (const word of FORBIDDEN) if (bytes.includes(word)) found.add(`${word} in ${entry.name}`)
    }
  }
  const looking = (async () => {
    while (!over.signal.aborted) {
      await look()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await look()
  })()
  return async () => {
    over.abort()
    await looking
    return { found: [...found], staged: [...staged] }
  }
}

async function runWatched(redact: boolean) {
  const path = await plantedTools()
  const request = runRequest(space, { specs: [await plantedSpec()], redact })
  await plantPlugins()
  const stop = watchFolder(space.base)
  const outcome = await runTask(request, { path })
  return { outcome, seen: await stop(), result: mustHave(outcome) }
}

describe('planted secrets', () => {
  it('never reach the disk, the log or a message', { timeout: 60_000 }, async () => {
    const { outcome, seen, result } = await runWatched(true)
    expect(seen.found).toEqual([])
    expect(seen.staged.length, 'large outputs were seen while they lay on the disk').toBeGreaterThan(0)

    const archived = gunzipSync(await readFile(result.archive.path))
    expect(leaksIn(archived.toString()), 'in the archive').toEqual([])
    expect(leaksIn(outcome.text), 'in the log').toEqual([])
    expect(leaksIn(JSON.stringify({ ...outcome, text: '' })), 'in a message').toEqual([])

    const bundle = await unpack(result.archive.path)
    const report = await bundle.report()
    const states = Object.fromEntries(report.collectors.map(({ key, state }) => [key, state]))
    expect(states).toMatchObject({
      data: 'ran',
      run: 'ran',
      copy: 'ran',
      hostServices: 'ran',
      time: 'ran',
      ipv4Interfaces: 'ran',
      planted: 'failed',
      broken: 'failed',
      unloaded: 'failed',
    })
    const run = (name: string) => `host-collectors/run-host/${name}`
    const masked = [
      'data/planted.txt',
      'data/large.txt',
      run('small.txt'),
      run('small-stderr.txt'),
      run('failing-stderr.txt'),
      run('failing-info.json'),
      run('large.txt'),
      run('large-stderr.txt'),
      run('args.txt'),
      run('missing-info.json'),
      'host-collectors/copied/app.conf',
      'host-collectors/copied/app.log',
      'host-collectors/system/systemctl_services.json',
      'host-collectors/system/ipv4Interfaces.json',
      'planted/bytes',
      'planted/slow',
      'planted/json',
      'analysis.json',
      'support-bundle-schedule/report.json',
    ]
    for (const path of masked) expect([path, await bundle.read(path)]).toEqual([path, expect.stringContaining('***HIDDEN***')])
    expect(bundle.paths).not.toContain('planted/half')
    for (const path of ['data/planted.txt', run('large.txt'), 'planted/bytes', 'planted/slow', 'host-collectors/copied/app.log'])
      expect([path, await bundle.read(path)]).toEqual([path, expect.stringMatching(/^first line\n[^]*last line\n$/)])
    expect(outcome.text).toContain('***HIDDEN***')
  })

  it('are found by the same watch when redaction is off', { timeout: 60_000 }, async () => {
    const { seen, result } = await runWatched(false)
    expect(seen.found.some((where) => /staged-/.test(where))).toBe(true)
    expect(gunzipSync(await readFile(result.archive.path)).includes(MARK)).toBe(true)
  })
})
