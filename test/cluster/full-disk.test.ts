import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createObject } from '../../core/kube/objects.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import { collectFrom, removeCollected } from './collect-from.ts'
import { useCluster } from './use-cluster.ts'

/** A bundle that does not fit is no bundle; those before it stay. Other full disks are in test/agent/task/lifecycle.test.ts. */

const cluster = await useCluster()
if (!canMount) console.warn('SKIPPED: the tests of a full disk need root and mount(8)')

describe.skipIf(cluster.skipped || !canMount)('a disk that is too small for the objects of a cluster', () => {
  let folder: string
  const namespaces: string[] = []
  /** One kind of three namespaces fits into memory, and one of them not. */
  const COUNTS = [2, 2, 8]
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sbs-small-'))
    for (const count of COUNTS) {
      const namespace = await cluster.newNamespace()
      namespaces.push(namespace)
      for (let index = 0; index < count; index++)
        await createObject(cluster.admin, `/api/v1/namespaces/${namespace}/configmaps`, {
          metadata: { name: `noise-${index}` },
          data: { noise: randomBytes(200_000).toString('hex').replaceAll(/.{64}/g, '$& ') },
        })
    }
  }, 60_000)
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
    await removeCollected()
  })

  it.each([
    ['where an output is staged', '1m', 'staged outputs', [2]],
    ['where the archive is', '700k', 'the bundle', [0, 1]],
  ])('is full %s: the run fails, and what lay there stays', async (_, size, what, which) => {
    const unmount = smallDisk(folder, size)
    try {
      await writeFile(join(folder, 'earlier.tar.gz'), 'precious')
      const run = collectFrom(cluster, [{ clusterResources: {} }, { data: { name: 'note', data: 'x' } }], {
        namespaces: which.map((index) => namespaces[index] ?? ''),
        change: { workFolder: folder },
      })
      await expect(run).rejects.toMatchObject({
        code: 'DISK_FULL',
        message: `no space left for ${what}`,
        remedy: expect.stringContaining(folder) as string,
      })
      expect(await readdir(folder)).toEqual(['earlier.tar.gz'])
      expect(await readFile(join(folder, 'earlier.tar.gz'), 'utf8')).toBe('precious')
    } finally {
      unmount?.()
    }
  })
})
