import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { verifyTask } from '../../../agent/delivery/verify.ts'
import { CONTRACT, pluginError, type UploaderPlugin } from '../../../core/contract/index.ts'
import type { VerifyRequest } from '../../../core/task.ts'
import { FakeClock, settle } from '../../support/clock.ts'
import { loaderOf } from './loader-of.ts'

const SECRET = 'tr0ub4dor&3-secret'

function start(verify: UploaderPlugin['verify'] | 'none', config: Record<string, unknown> = {}) {
  const plugin: UploaderPlugin = {
    manifest: {
      apiVersion: CONTRACT,
      kind: 'Uploader',
      name: 'box',
      version: '1.0.0',
      summary: 'x',
      schemes: ['box'],
      secretKeys: [{ name: 'key', required: true, why: 'x' }],
    },
    configSchema: z.strictObject({}),
    upload: () => Promise.reject(new Error('not asked for')),
    ...(verify === 'none' || !verify ? {} : { verify }),
  }
  const clock = new FakeClock('2026-01-10T00:00:00Z')
  const request: VerifyRequest = {
    task: 'verify',
    run: { id: 'a.verify', job: 'a', namespace: '', slot: '2026-01-01T02:00:00.000Z', trigger: 'manual' },
    target: { uploader: 'box', config, secrets: { key: SECRET } },
    timeoutMs: 60_000,
    pluginFolders: [],
  }
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const edge = { clock, loader: loaderOf(plugin), log, signal: new AbortController().signal, say: () => {} }
  return { result: verifyTask(request, edge), clock }
}

describe('verifying a target', () => {
  it('is up to its uploader, which is given what an upload is given', async () => {
    let seen = ''
    const { result } = start(async (context) => void (seen = context.secret('key')))
    expect(await result).toEqual({ isVerified: true })
    expect(seen).toBe(SECRET)
  })

  it('says when the uploader has no way to ask', async () => {
    expect(await start('none').result).toEqual({ isVerified: false })
  })

  it('tells why a target would refuse, without its secrets', async () => {
    const refused = pluginError('UPLOAD_DENIED', `no entry with ${SECRET}`, { class: 'permission', remedy: 'ask for it' })
    const error = await start(() => Promise.reject(refused)).result.catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'UPLOAD_DENIED', remedy: 'ask for it' })
    expect(JSON.stringify(error)).not.toContain(SECRET)
    expect(error).not.toMatchObject({ message: expect.stringContaining(SECRET) })
  })

  it('refuses a config that is wrong', async () => {
    await expect(start('none', { bucket: 1 }).result).rejects.toMatchObject({ code: 'UPLOADER_CONFIG' })
  })

  it('ends in time, if the uploader looks at its signal', async () => {
    const { result, clock } = start(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    )
    result.catch(() => undefined)
    await settle()
    await clock.advance(60_000)
    await expect(result).rejects.toMatchObject({
      code: 'UPLOAD_FAILED',
      message: expect.stringContaining('did not answer in time'),
    })
  })
})
