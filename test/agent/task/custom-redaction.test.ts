import { readdir } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeWorkspace, mustHave, runRequest, runTask, spec, unpack, type Workspace } from '../../support/task.ts'

/** Redactors and token keys of a request, through the built task program. */

const MASK = '***HIDDEN***'
const TOKEN = /\*{3}HIDDEN-[0-9a-f]{16}\*{3}/
const KEY = '5e'.repeat(32)
const redactor = (removals: object, fileSelector?: object) => ({
  apiVersion: 'troubleshoot.sh/v1beta2',
  kind: 'Redactor',
  metadata: { name: 'test' },
  spec: { redactors: [{ name: 'mine', removals, ...(fileSelector ? { fileSelector } : {}) }] },
})
const data = (name: string, text: string) => ({ data: { name: 'data', collectorName: name, data: text } })

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

async function bundleOf(change: Parameters<typeof runRequest>[1]) {
  const outcome = await runTask(runRequest(space, change))
  return { outcome, bundle: await unpack(mustHave(outcome).archive.path) }
}

describe('redactors of a run', () => {
  it('mask values, patterns and paths, wherever they were given', { timeout: 30_000 }, async () => {
    const { bundle } = await bundleOf({
      specs: [
        spec({
          collectors: [data('a.txt', 'code alpha-1, pin 4711\n'), data('b.yaml', 'owner:\n  mail: bob@example.com # x\n')],
        }),
        redactor({ values: ['alpha-1'] }),
      ],
      redactors: [redactor({ regex: [{ redactor: '(?i)(PIN )(?P<mask>[0-9]+)' }] }), redactor({ yamlPath: ['owner.mail'] })],
    })
    expect(await bundle.read('data/a.txt')).toBe(`code ${MASK}, pin ${MASK}\n`)
    expect(await bundle.read('data/b.yaml')).toBe(`owner:\n  mail: '${MASK}' # x\n`)
    const report = JSON.parse(await bundle.read('support-bundle-schedule/report.json')) as {
      redaction: { rules: object; files: object }
    }
    expect(report.redaction).toMatchObject({
      rules: { 'custom: mine': 1, 'custom: mine (2)': 1 },
      files: { 'data/a.txt': 2, 'data/b.yaml': 1 },
    })
  })

  it('that are not understood stop it before anything is collected', { timeout: 30_000 }, async () => {
    const outcome = await runTask(runRequest(space, { redactors: [redactor({ regex: [{ redactor: '(?=x)' }] })] }))
    expect(outcome.error).toMatchObject({ code: 'SPEC_INVALID', message: expect.stringContaining('not supported') })
    expect(await readdir(space.work)).toEqual([])
  })

  it('that take too long cost their file, which is said', { timeout: 30_000 }, async () => {
    const { bundle } = await bundleOf({
      specs: [spec({ collectors: [data('slow.txt', `${'a'.repeat(60)}b\n`), data('quick.txt', 'aaa\n')] })],
      redactors: [redactor({ regex: [{ redactor: '^(?P<mask>(a+)+)$' }] })],
    })
    expect(bundle.paths).not.toContain('data/slow.txt')
    expect(await bundle.read('data/quick.txt')).toBe(`${MASK}\n`)
    const { collectors, isPartial } = await bundle.report()
    expect(isPartial).toBe(true)
    expect(collectors.flatMap(({ warnings }) => warnings)).toEqual([
      expect.objectContaining({ code: 'REDACTION_FAILED', message: expect.stringContaining('slow.txt') }),
    ])
  })
})

describe('tokens', () => {
  const specs = [
    spec({ collectors: [data('a.txt', 'password=s3cret-1\n'), data('b.txt', '{"apiKey":"s3cret-1","token":"other-22"}\n')] }),
  ]

  it('are the same in all files and runs of one key', { timeout: 30_000 }, async () => {
    const first = await bundleOf({ specs, tokenKey: KEY })
    const a = TOKEN.exec(await first.bundle.read('data/a.txt'))?.[0]
    expect(a).toBeDefined()
    expect(await first.bundle.read('data/b.txt')).toMatch(
      new RegExp(`^{"apiKey":"${a?.replaceAll('*', '\\*')}","token":"${TOKEN.source}"}`),
    )
    expect(first.outcome.warnings.map(({ code }) => code)).not.toContain('REDACTION_WITHOUT_TOKENS')
    await space.remove()
    space = await makeWorkspace()
    const second = await bundleOf({ specs, tokenKey: KEY })
    expect(await second.bundle.read('data/a.txt')).toBe(`password=${a}\n`)
  })

  it('are masks without a key, and one warning says so', { timeout: 30_000 }, async () => {
    const { outcome, bundle } = await bundleOf({ specs })
    expect(await bundle.read('data/a.txt')).toBe(`password=${MASK}\n`)
    expect(outcome.warnings.filter(({ code }) => code === 'REDACTION_WITHOUT_TOKENS')).toHaveLength(1)
  })
})
