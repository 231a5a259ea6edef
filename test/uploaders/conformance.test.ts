import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { UploaderPlugin } from '../../core/contract/index.ts'
import { checkUploader, failed } from '../../core/testkit/index.ts'
import { useMinio } from '../support/minio.ts'

const minio = await useMinio()
const target = mkdtempSync(join(tmpdir(), 'uploaders-'))
afterAll(() => rmSync(target, { recursive: true }))

/** What an uploader is checked with; one without an entry has no fields. */
const SAMPLES: Record<string, { config?: object; secrets?: Record<string, string>; urls: string[]; skipped?: boolean }> = {
  discard: { urls: ['discard:', 'discard://anything/at/all'] },
  local: { config: { path: target }, urls: ['file:///var/backups/bundles'] },
  s3: {
    config: { bucket: minio.skipped ? 'none' : await minio.newBucket(), region: minio.region, endpoint: minio.url },
    secrets: minio.keys,
    urls: ['s3://acme-bundles', 's3://acme-bundles/prod/eu'],
    skipped: minio.skipped !== undefined,
  },
}

const folder = join(import.meta.dirname, '../../uploaders')
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

describe.each(names)('uploader %s', (name) => {
  it('has a schema and a README', () => {
    expect(['index.ts', 'schema.ts', 'README.md'].filter((file) => !existsSync(join(folder, name, file)))).toEqual([])
  })

  it.skipIf(SAMPLES[name]?.skipped)('keeps the contract', async () => {
    const module = (await import(`../../uploaders/${name}/index.ts`)) as { default: UploaderPlugin }
    expect(failed(await checkUploader(module.default, { folder: name, ...SAMPLES[name] }))).toEqual([])
  })
})
