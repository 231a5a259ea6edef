import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { PROGRAM } from '../core/errors.ts'
import { loadKubeconfig } from '../core/kube/kubeconfig.ts'
import { nodeKubeWorld } from '../core/kube/node-world.ts'

/** `npm run demo`: a scheduled bundle of this machine in a minute, in a folder of its own. Stops what it starts. */
const cli = join(import.meta.dirname, '..', 'dist', 'kubectl-support_bundle_schedule.js')
const folder = mkdtempSync(join(tmpdir(), 'support-bundle-schedule-demo-'))
const env = { ...process.env, TROUBLESHOOT_SCHEDULER_DIR: folder }
const job = 'demo'
const isCluster = process.argv.includes('--cluster')

/** With `-- --cluster`: the same basics, and the cluster of the current context. */
const CLUSTER_SPEC = `apiVersion: troubleshoot.sh/v1beta2
kind: SupportBundle
metadata:
  name: demo
spec:
  collectors:
    - clusterInfo: {}
    - clusterResources: {}
  analyzers:
    - clusterVersion:
        outcomes:
          - fail: {when: "< 1.20.0", message: the cluster is very old}
          - pass: {message: the cluster is new enough}
  hostCollectors:
    - cpu: {}
    - memory: {}
    - hostOS: {}
`

/** Which cluster it would be: nobody should collect from one that they did not mean. */
async function nameContext(): Promise<string> {
  const world = nodeKubeWorld({ env: process.env, homeFolder: homedir(), clock: systemClock, interactive: false })
  const { server, context } = await loadKubeconfig(world, {}, 'the demo with --cluster')
  return `context "${context}", ${server}`
}

mkdirSync(join(folder, 'config'))
// Any free port: the demo must not care what else runs here.
writeFileSync(join(folder, 'config', 'scheduler.yaml'), 'metricsPort: 0\n')

const say = (text: string) =>
  process.stdout.write(`\n\u001b[1m${text}\u001b[0m\n`.replaceAll(process.stdout.isTTY ? /$^/g : /\u001b\[\d+m/g, ''))

/** Runs a command of the CLI where everyone can see it. */
function run(...args: string[]): Promise<number> {
  process.stdout.write(`$ ${PROGRAM} ${args.map((arg) => (/^[\w.,:=/@-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}\n`)
  const child = spawn(process.execPath, [cli, ...args], { env, stdio: 'inherit' })
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}

function ask(...args: string[]): string {
  return spawnSync(process.execPath, [cli, ...args], { env, encoding: 'utf8' }).stdout
}

async function must(...args: string[]): Promise<void> {
  const code = await run(...args)
  if (code !== 0) throw new Error(`the command ended with exit code ${code}`)
}

interface Item {
  trigger: string
  outcome: string
  where?: string
}
const history = (): Item[] =>
  (JSON.parse(ask('history', job, '--local', '-o', 'json') || '{"items":[]}') as { items: Item[] }).items

/** The first slot that the schedule itself ran. */
async function waitForSlot(): Promise<Item | undefined> {
  for (let left = 75; left > 0; left--) {
    const found = history().find(
      (item) => item.trigger === 'schedule' && item.outcome !== 'pending' && item.outcome !== 'running',
    )
    if (found) return found
    if (process.stdout.isTTY)
      process.stdout.write(`\r  waiting for the next full minute … ${60 - systemClock.now().getUTCSeconds()} s `)
    await systemClock.sleep(1000)
  }
  return undefined
}

let code = 1
let isStarted = false
const stop = async () => {
  if (isStarted) await run('daemon', 'stop')
  isStarted = false
}
process.once('SIGINT', () => void stop().then(() => process.exit(130)))
try {
  say(`1. A job that is due each minute, in a store of its own: ${folder}`)
  const spec = join(folder, 'spec.yaml')
  if (isCluster) {
    process.stdout.write(`It collects from this machine and from ${await nameContext()}.\n`)
    writeFileSync(spec, CLUSTER_SPEC)
  }
  const what = isCluster ? ['--spec', spec] : []
  await must('create', job, '--local', '--cron', '* * * * *', '--description', 'the basics, each minute', ...what)
  say('2. The scheduler, in the background')
  await must('daemon', 'start')
  isStarted = true
  say('3. The first bundle, at once')
  await must('run', job, '--local', '--wait')
  say('4. The first slot of the schedule: at the next full minute, nobody has to be there')
  const slot = await waitForSlot()
  process.stdout.write('\n')
  if (!slot) throw new Error('no slot came within a minute: see the log of the daemon')
  await must('list', '--local')
  process.stdout.write('\n')
  await must('history', job, '--local')
  if (!slot.where) throw new Error('the slot has no bundle')
  say('5. What is in the bundle')
  process.stdout.write(`$ tar tzf ${slot.where}\n`)
  process.stdout.write(spawnSync('tar', ['tzf', slot.where], { encoding: 'utf8' }).stdout)
  say('6. When it runs next')
  await must('status', job, '--local')
  code = 0
} catch (error) {
  process.stderr.write(`\nthe demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
} finally {
  say('7. Cleaning up: nothing is left running')
  await stop()
}
if (code === 0) {
  say('How to go on')
  process.stdout.write(`  bundles of the demo:        ${join(folder, 'bundles', job)}
  the same by hand:           npm link && export TROUBLESHOOT_SCHEDULER_DIR=${folder}
  a real job:                 ${PROGRAM} create nightly --local --cron "0 2 * * *"
  remove the demo:            rm -r ${folder}
`)
}
process.exitCode = code
