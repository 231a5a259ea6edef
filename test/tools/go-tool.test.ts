import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { type BuildWorld, builtTool, goTool, RECIPES } from '../../tools/go-tool.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'go-tool-'))
  mkdirSync(join(folder, 'bin'))
  for (const module of ['.', 'kubernetes', 'minio', 'sbctl']) {
    mkdirSync(join(folder, 'tools', module), { recursive: true })
    writeFileSync(join(folder, 'tools', module, 'go.mod'), `module x\n\nrequire k8s.io/kubernetes v1.34.4\n`)
    writeFileSync(join(folder, 'tools', module, 'go.sum'), '')
  }
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A `go` that writes down how it was called, and a program where it was told to. */
function aGo(body = 'while [ "$1" != -o ]; do shift; done; sleep 0.2; echo built > "$2"; chmod +x "$2"'): void {
  writeFileSync(join(folder, 'bin', 'go'), `#!/bin/sh\necho "$PWD $CGO_ENABLED $*" >> "${folder}/calls"\n${body}\n`)
  chmodSync(join(folder, 'bin', 'go'), 0o755)
}
const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')

function aWorld(said: string[] = []): BuildWorld {
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache') }
  return { env, clock: systemClock, pid: process.pid, say: (line) => void said.push(line), tools: join(folder, 'tools') }
}

it('builds a program once, however many ask, and finds it again', async () => {
  aGo()
  const paths = await Promise.all([goTool('etcd', aWorld()), goTool('etcd', aWorld()), goTool('etcd', aWorld())])
  expect(new Set(paths).size).toBe(1)
  expect(paths[0]).toMatch(/cache\/support-bundle-schedule\/tools\/etcd-[0-9a-f]{16}$/)
  expect(calls()).toHaveLength(1)
  expect(builtTool('etcd', aWorld())).toBe(paths[0])
  expect(readdirSync(join(folder, 'cache/support-bundle-schedule/tools'))).toHaveLength(1)
})

it('builds from the module that pins it, with the version that the module names', async () => {
  aGo()
  await goTool('kubectl', aWorld())
  await goTool('sbctl', aWorld())
  const version = ['gitVersion=v1.34.4', 'gitMajor=1', 'gitMinor=34']
    .map((pair) => `-X k8s.io/component-base/version.${pair}`)
    .join(' ')
  expect(calls()[0]).toMatch(
    new RegExp(
      `^${folder}/tools/kubernetes 0 build -mod=readonly -buildvcs=false -ldflags -s -w ${version} -o \\S+ k8s.io/kubernetes/cmd/kubectl$`,
    ),
  )
  expect(calls()[1]).toMatch(
    new RegExp(`^${folder}/tools/sbctl 0 build .* -ldflags -s -w -o \\S+ github.com/replicatedhq/sbctl$`),
  )
})

it('builds anew when a pin changes, and leaves the old one to who still runs it', async () => {
  aGo()
  const old = await goTool('minio', aWorld())
  writeFileSync(join(folder, 'tools/minio/go.sum'), 'other')
  expect(builtTool('minio', aWorld())).toBeUndefined()
  const fresh = await goTool('minio', aWorld())
  expect(fresh).not.toBe(old)
  expect(existsSync(old)).toBe(true)
})

it('says what is missing when there is no go', async () => {
  await expect(goTool('etcd', aWorld())).rejects.toThrow(
    /^etcd is built from Go modules, and there is no "go" on PATH: install Go/,
  )
})

it('keeps nothing of a build that failed, and tries again', async () => {
  aGo('while [ "$1" != -o ]; do shift; done; echo half > "$2"; exit 3')
  await expect(goTool('etcd', aWorld())).rejects.toThrow(/go build of etcd in .* ended with code 3/)
  expect(builtTool('etcd', aWorld())).toBeUndefined()
  aGo()
  expect(readFileSync(await goTool('etcd', aWorld()), 'utf8')).toBe('built\n')
})

it('takes over from a process that died while it built', async () => {
  aGo()
  const path = await goTool('etcd', aWorld())
  rmSync(path)
  writeFileSync(`${path}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, startId: '1-x' }))
  expect(await goTool('etcd', aWorld())).toBe(path)
  expect(calls()).toHaveLength(2)
})

it('knows only modules that are in the repository', () => {
  const tools = join(import.meta.dirname, '../../tools')
  for (const recipe of Object.values(RECIPES)) {
    expect(readFileSync(join(tools, recipe.module, 'tools.go'), 'utf8')).toContain(`_ "${recipe.package}"`)
    expect(existsSync(join(tools, recipe.module, 'go.sum'))).toBe(true)
  }
})
