import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type AgentProcess, startAgentProcess } from './agent-process.ts'
import { allowUploadsWith } from './tenants.ts'
import { useCluster } from './use-cluster.ts'

const cluster = await useCluster()
const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')

describe.skipIf(cluster.skipped)('the CLI on the store of a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-cli-'))
  const agents: AgentProcess[] = []
  afterAll(async () => {
    for (const agent of agents) agent.kill('SIGKILL')
    await Promise.all(agents.map((agent) => agent.ended))
    rmSync(folder, { recursive: true, force: true })
  })
  const cli = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const env = { ...process.env, KUBECONFIG: cluster.info.kubeconfig }
      execFile(process.execPath, [CLI, ...args], { env }, (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out, err }),
      )
    })

  it('creates, lists, runs, shows and deletes a job that an agent works on', async () => {
    const namespace = await cluster.newTenant()
    agents.push(startAgentProcess({ folder, kubeconfig: cluster.info.kubeconfig, namespace: await cluster.newNamespace() }))
    const n = ['-n', namespace]
    const created = await cli('create', 'nightly', ...n, '--cron', '0 2 * * *', '--timezone', 'Europe/Berlin')
    expect(created).toMatchObject({ code: 0 })
    expect(created.out).toContain('job "nightly" created')
    expect((await cli('create', 'nightly', ...n, '--cron', '0 2 * * *')).code).toBe(4)
    const ran = await cli('run', 'nightly', ...n, '--wait', '-o', 'json')
    expect(ran).toMatchObject({ code: 0 })
    expect(JSON.parse(ran.out)).toMatchObject({ outcome: 'completed', trigger: 'manual' })
    const listed = await cli('list', ...n)
    expect(listed.out).toMatch(
      /^NAME +ID +SCHEDULE +NEXT RUN +STATUS +LAST RUN +RUN COUNT\nnightly .* 0 2 \* \* \* .* completed .* 1\n$/,
    )
    expect((await cli('list', '-A', '-o', `jsonpath={.items[?(@.namespace=="${namespace}")].name}`)).out).toBe('nightly')
    expect((await cli('history', 'nightly', ...n)).out).toContain('completed')
    expect((await cli('status', 'nightly', ...n)).out).toContain('Collected=True')
    expect((await cli('disable', 'nightly', ...n, '--reason', 'later')).code).toBe(0)
    expect((await cli('list', ...n)).out).toContain('disabled')
    expect((await cli('delete', 'nightly', ...n, '--yes')).code).toBe(0)
    expect((await cli('status', 'nightly', ...n)).code).toBe(3)
  })

  it('warns when no agent will run the job', async () => {
    const namespace = await cluster.newNamespace()
    const { code, err } = await cli('create', 'idle', '-n', namespace, '--cron', '@daily')
    expect(code).toBe(0)
    expect(err).toContain(`kubectl support-bundle-schedule install namespace ${namespace}`)
  })

  it('warns when the agent may not read what a job delivers with', async () => {
    const namespace = await cluster.newTenant()
    const make = (name: string) =>
      cli(
        'create',
        name,
        '-n',
        namespace,
        '--cron',
        '@daily',
        '--upload',
        's3://bucket/a',
        '--upload-options',
        'region=eu-central-1',
        '--upload-credentials',
        'keys',
      )
    const first = await make('first')
    expect(first).toMatchObject({ code: 0 })
    expect(first.err).toContain(`may not read Secret "keys"`)
    expect(first.err).toContain(`rbac plan first -n ${namespace} --apply`)
    await allowUploadsWith(cluster.admin, namespace, 'keys')
    await expect
      .poll(async () => (await make(`again-${Math.random().toString(36).slice(2, 8)}`)).err)
      .not.toContain('may not read')
  })

  it('takes what it prints', async () => {
    const namespace = await cluster.newNamespace()
    const printed = await cli('create', 'git', '--cron', '@daily', '--dry-run=client', '-o', 'yaml')
    const file = join(folder, 'job.yaml')
    writeFileSync(file, printed.out)
    expect((await cli('create', '-f', file, '-n', namespace)).code).toBe(0)
    expect((await cli('list', '-n', namespace, '-o', 'name')).out).toBe('job/git\n')
  })

  it('says what is missing: a kubeconfig, a context, a right, a server', async () => {
    const missing = await cli('list', '--kubeconfig', join(folder, 'none'))
    expect(missing).toMatchObject({ code: 2 })
    expect(missing.err).toContain('KUBECONFIG_')
    expect((await cli('list', '--context', 'none')).code).toBe(2)
    const denied = await cli('list', '-n', 'default', '--as', 'nobody')
    expect(denied).toMatchObject({ code: 5 })
    expect(denied.err).toContain('STORE_FORBIDDEN')
    const away = await cli('list', '--server', 'https://127.0.0.1:1')
    expect(away).toMatchObject({ code: 1 })
    for (const { err } of [missing, denied, away]) expect(err).not.toMatch(/^\s+at /m)
  })
})
