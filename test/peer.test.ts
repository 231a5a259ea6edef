import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reasonOf } from '../core/errors.ts'
import { goTool } from '../tools/go-tool.ts'

const run = promisify(execFile)
const CLI = join(import.meta.dirname, '..', 'dist', 'kubectl-support_bundle_schedule.js')
/** The first build of the peer takes minutes. */
const BUILD_MS = 1_200_000

const SPEC = `apiVersion: troubleshoot.sh/v1beta2
kind: SupportBundle
metadata:
  name: peer
spec:
  hostCollectors:
    - cpu: {}
    - memory: {}
    - hostOS: {}
    - diskUsage:
        collectorName: root
        path: /
    - run:
        collectorName: greeting
        command: echo
        args: [hello, world]
  hostAnalyzers:
    - cpu:
        checkName: cpus
        outcomes:
          - fail: {when: "count < 1", message: none}
          - pass: {message: at least one CPU}
    - memory:
        checkName: memory
        outcomes:
          - fail: {when: "> 1Ki", message: more than a kibibyte}
          - pass: {message: nothing}
    - diskUsage:
        checkName: disk
        collectorName: root
        outcomes:
          - warn: {when: "total > 1Mi", message: more than a mebibyte}
          - pass: {message: next to nothing}
`

interface Verdict {
  title: string
  verdict: string
  message: string
}

describe("the peer's tool", () => {
  let tool = ''
  let skipped = ''
  const folder = mkdtempSync(join(tmpdir(), 'sbs-peer-'))
  beforeAll(async () => {
    tool = await goTool('support-bundle').catch((error: unknown) => {
      skipped = reasonOf(error)
      process.stderr.write(`\nSKIPPED: 1 test needs the peer's tool, and there is none: ${skipped}\n`)
      return ''
    })
  }, BUILD_MS)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('opens a bundle of ours and comes to the same verdicts', async ({ skip }) => {
    if (skipped) skip()
    const spec = join(folder, 'spec.yaml')
    const bundle = join(folder, 'bundle.tar.gz')
    writeFileSync(spec, SPEC)
    await run(process.execPath, [CLI, 'collect', spec, '--to', bundle])
    const { stdout } = await run(tool, ['analyze', '--bundle', bundle, spec, '--output', 'json'])
    const peer = (JSON.parse(stdout) as { IsFail: boolean; IsWarn: boolean; Title: string; Message: string }[]).map(
      (one): Verdict => ({
        title: one.Title,
        verdict: one.IsFail ? 'error' : one.IsWarn ? 'warn' : 'debug',
        message: one.Message,
      }),
    )
    const own = await run('tar', ['xzOf', bundle, 'bundle/analysis.json'])
    const ours = (JSON.parse(own.stdout) as { severity: string; insight: { primary: string; detail: string } }[]).map(
      (one): Verdict => ({ title: one.insight.primary, verdict: one.severity, message: one.insight.detail }),
    )
    expect(peer).toEqual(ours)
    expect(peer.map((one) => one.verdict)).toEqual(['debug', 'error', 'warn'])
  })
})
