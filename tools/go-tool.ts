import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { access, constants as mode, mkdir, rename, unlink } from 'node:fs/promises'
import { constants, homedir, setPriority } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../core/clock.ts'
import { reasonOf } from '../core/errors.ts'
import { createPidFile } from '../core/store/claim-file.ts'
import { createProcessTable } from '../core/store/process-table.ts'

/** How a program is made: from the Go module in a folder of tools/, which pins it. */
interface Recipe {
  module: '.' | 'kubernetes' | 'minio' | 'sbctl'
  package: string
  /** of a first build, on 2 cores: so that who waits knows how long */
  minutes: number
}

const kubernetes = (name: string, minutes: number): Recipe => ({
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  minutes,
})

/** Every Go-built program that tests and tools start. */
export const RECIPES = {
  etcd: { module: 'kubernetes', package: 'go.etcd.io/etcd/server/v3', minutes: 1 },
  'kube-apiserver': kubernetes('kube-apiserver', 5),
  'kube-controller-manager': kubernetes('kube-controller-manager', 3),
  'kube-scheduler': kubernetes('kube-scheduler', 1),
  'kube-proxy': kubernetes('kube-proxy', 1),
  kubelet: kubernetes('kubelet', 1),
  kubectl: kubernetes('kubectl', 1),
  minio: { module: 'minio', package: 'github.com/minio/minio', minutes: 4 },
  sbctl: { module: 'sbctl', package: 'github.com/replicatedhq/sbctl', minutes: 4 },
  'support-bundle': { module: '.', package: 'github.com/replicatedhq/troubleshoot/cmd/troubleshoot', minutes: 5 },
} as const satisfies Record<string, Recipe>

export type GoTool = keyof typeof RECIPES

/** What a build touches of the outside; tests hand in another `go` and another cache folder. */
export interface BuildWorld {
  env: NodeJS.ProcessEnv
  clock: Clock
  pid: number
  /** says what takes so long */
  say: (line: string) => void
  /** the folder with the modules */
  tools: string
}

const WAIT_MS = 500

/**
 * The path of a Go-built program, built from the modules pinned beside this file if it is not in the user's cache yet.
 * Two processes that ask at once share one build; a build that was cut off leaves nothing that counts.
 *
 * @throws a plain Error that says what is missing, when there is no `go`, or the build fails
 */
export async function goTool(name: GoTool, world: BuildWorld = realWorld()): Promise<string> {
  const target = cachedPath(name, world)
  const processes = createProcessTable({ pid: world.pid, kill: (pid, signal) => process.kill(pid, signal), readFile: readText })
  await mkdir(cacheFolder(world.env), { recursive: true })
  for (let isFirst = true; ; isFirst = false) {
    if (await isThere(target)) return target
    const lock = await createPidFile({ path: `${target}.lock`, processes, content: {} })
    if ('release' in lock) {
      try {
        if (!(await isThere(target))) await build(name, target, world)
        return target
      } finally {
        await lock.release()
      }
    }
    if (isFirst) world.say(`waiting for process ${lock.heldBy.pid}, which builds ${name}`)
    await world.clock.sleep(WAIT_MS)
  }
}

/** Where `name` lies once it is built; undefined while it is not. Builds nothing. */
export function builtTool(name: GoTool, world: BuildWorld = realWorld()): string | undefined {
  const path = cachedPath(name, world)
  return existsSync(path) ? path : undefined
}

async function build(name: GoTool, target: string, world: BuildWorld): Promise<void> {
  const recipe = RECIPES[name]
  const temp = `${target}.tmp`
  await unlink(temp).catch(() => undefined) // go refuses to overwrite what is not a whole program
  world.say(`building ${name} from Go modules; the first time this takes about ${recipe.minutes} min on two cores`)
  await go(
    name,
    ['build', '-mod=readonly', '-buildvcs=false', '-ldflags', linkFlags(recipe, world), '-o', temp, recipe.package],
    {
      cwd: join(world.tools, recipe.module),
      env: { ...world.env, CGO_ENABLED: '0', GOWORK: 'off' },
    },
  )
  await rename(temp, target)
}

function go(name: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, { ...options, stdio: ['ignore', 2, 2] })
    // tests of others run beside a build: it may take what they leave
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const missing = `${name} is built from Go modules, and there is no "go" on PATH: install Go 1.26 or newer`
      reject(new Error(cause.code === 'ENOENT' ? missing : `go could not be started: ${cause.message}`, { cause }))
    })
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`go build of ${name} in ${options.cwd} ended with ${signal ?? `code ${code}`}; its words are above`))
    })
  })
}

const HASH_LENGTH = 16

function cachedPath(name: GoTool, world: BuildWorld): string {
  const recipe = RECIPES[name]
  const pins = ['go.mod', 'go.sum'].map((file) => readText(join(world.tools, recipe.module, file)))
  const hash = createHash('sha256').update(JSON.stringify([pins, recipe.package, linkFlags(recipe, world)]))
  return join(cacheFolder(world.env), `${name}-${hash.digest('hex').slice(0, HASH_LENGTH)}`)
}

const cacheFolder = (env: NodeJS.ProcessEnv) =>
  join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'support-bundle-schedule', 'tools')

/** Kubernetes programs learn their version from the linker: without it the API server calls itself v0.0.0. */
function linkFlags(recipe: Recipe, world: BuildWorld): string {
  if (recipe.module !== 'kubernetes') return '-s -w'
  const [, version, major, minor] =
    /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(readText(join(world.tools, recipe.module, 'go.mod'))) ?? []
  const settings = { gitVersion: version, gitMajor: major, gitMinor: minor }
  return ['-s -w', ...Object.entries(settings).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)].join(
    ' ',
  )
}

const readText = (path: string) => readFileSync(path, 'utf8')
const isThere = (path: string) =>
  access(path, mode.X_OK).then(
    () => true,
    () => false,
  )

const realWorld = (): BuildWorld => ({
  env: process.env,
  clock: systemClock,
  pid: process.pid,
  say: (line) => process.stderr.write(`${line}\n`),
  tools: import.meta.dirname,
})

if (import.meta.main) {
  const name = process.argv[2] ?? ''
  if (Object.hasOwn(RECIPES, name)) {
    try {
      process.stdout.write(`${await goTool(name as GoTool)}\n`)
    } catch (error) {
      process.stderr.write(`${reasonOf(error)}\n`)
      process.exitCode = 1
    }
  } else {
    process.stderr.write(`usage: node tools/go-tool.ts NAME, one of: ${Object.keys(RECIPES).join(' ')}\n`)
    process.exitCode = 2
  }
}
