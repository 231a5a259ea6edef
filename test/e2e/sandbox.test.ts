import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createSandbox, type Sandbox } from './sandbox.ts'
import { waitFor } from './wait-for.ts'

// One sandbox in the other: what they leave would be left in this one.
let sandbox: Sandbox
afterEach(() => sandbox.end())

const MARK = '4321.0123'
/** This machine's sleepers of ours. Not by name: by an argument that nobody else uses. */
const sleepers = () =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(MARK)
    } catch {
      return false // it has just ended
    }
  })
const run = (script: string) => sandbox.run(['sh', '-c', script], process.env)
const traces = () => readdirSync(tmpdir()).filter((name) => name.startsWith('sbs-e2e-'))

it('gives the exit code, and leaves no orphan, folder or cgroup', async () => {
  sandbox = createSandbox()
  const [folder = ''] = traces()
  const script = `ip link | grep -c . > $TMPDIR/links; setsid sleep ${MARK} & [ $(ls -d /proc/[0-9]* | wc -l) -lt 8 ] && exit 3`
  expect(await run(script)).toBe(3)
  expect(sleepers()).toEqual([])
  expect(readFileSync(join(tmpdir(), folder, 'tmp', 'links'), 'utf8')).toBe('2\n') // lo alone, in two lines
  expect(existsSync(`/sys/fs/cgroup/memory/${folder}`) || existsSync(`/sys/fs/cgroup/${folder}`)).toBe(true)
  await sandbox.end()
  expect(traces()).toEqual([])
  expect(existsSync(`/sys/fs/cgroup/memory/${folder}`) || existsSync(`/sys/fs/cgroup/${folder}`)).toBe(false)
})

it('ends what runs', async () => {
  sandbox = createSandbox()
  const code = run(`sleep ${MARK} & trap '' INT TERM HUP; sleep ${MARK}`)
  await waitFor('two processes', sleepers, (pids) => pids.length >= 2)
  await sandbox.end()
  expect(sleepers()).toEqual([])
  expect(await code).not.toBe(0)
})

it('dies with a run that is killed; the next one sweeps what is left', async () => {
  const script = `import(process.argv[1]).then(({ createSandbox }) => createSandbox().run(['sleep', '${MARK}'], process.env))`
  const killed = spawn(process.execPath, ['-e', script, join(import.meta.dirname, 'sandbox.ts')], { stdio: 'inherit' })
  await waitFor('its process', sleepers, (pids) => pids.length > 1)
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  await waitFor('the end of its process', sleepers, (pids) => pids.length === 0)
  const [left] = traces()
  sandbox = createSandbox()
  expect(traces()).toHaveLength(1)
  expect(traces()).not.toContain(left)
})
