import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { allowUploadsWith, optIn } from '../cluster/tenants.ts'
import { useMinio } from '../support/minio.ts'
import { cliOf, installAgent } from './installed.ts'
import { reachableFromPods } from './object-store.ts'
import { useNode } from './use-node.ts'
import { aWorkload } from './workload.ts'

const node = useNode()
const minio = await useMinio()
const cli = cliOf(node)

describe('two tenants of an installed agent', () => {
  const tenants = ['alpha', 'beta']
  let bucket: string
  let endpoint: string
  beforeAll(async () => {
    endpoint = await reachableFromPods(minio.url, node.info.nodeIp)
    bucket = await minio.newBucket()
    await installAgent(node, { networks: [{ allow: [node.info.nodeIp] }] })
    for (const name of tenants) {
      await node.kubectl(['create', 'namespace', name])
      await node.kubectl(['apply', '-n', name, '-f', '-'], aWorkload('web', { says: `secret of ${name}` }))
      await optIn(node.admin, name)
      await node.kubectl([
        'create',
        'secret',
        'generic',
        'keys',
        '-n',
        name,
        ...Object.entries(minio.keys).map(([k, v]) => `--from-literal=${k}=${v}`),
      ])
      await allowUploadsWith(node.admin, name, 'keys')
    }
    for (const name of tenants) await node.readyPods(name, 'app=web')
  }, 180_000)

  it('get bundles of their own pods, with logs, and nothing of the other', async () => {
    for (const name of tenants) {
      const upload = `--upload=s3://${bucket}/${name}`
      const options = `endpoint=${endpoint},region=${minio.region},allowInsecure=true`
      const made = await cli(
        'create',
        'nightly',
        '-n',
        name,
        '--cron',
        '0 2 * * *',
        upload,
        '--upload-options',
        options,
        '--upload-credentials',
        'keys',
      )
      expect(made.err + made.out, made.err).toContain('nightly')
      const ran = await cli('run', 'nightly', '-n', name, '--wait', '--timeout', '90s')
      expect(ran.code, ran.err + (await node.whatIsIn('support-bundle-schedule'))).toBe(0)
    }
    const { Contents = [] } = await minio.client.send(new ListObjectsV2Command({ Bucket: bucket }))
    expect(Contents).toHaveLength(2)
    for (const { Key = '' } of Contents) {
      const object = await minio.client.send(new GetObjectCommand({ Bucket: bucket, Key }))
      const file = join(tmpdir(), 'bundle.tar.gz')
      writeFileSync(file, (await object.Body?.transformToByteArray()) ?? '')
      const [own = '', other = ''] = Key.startsWith('alpha') ? tenants : tenants.toReversed()
      const paths = execFileSync('tar', ['tzf', file]).toString()
      const text = execFileSync('tar', ['xzOf', file]).toString()
      expect(paths).toContain(`/cluster-resources/pods/${own}.json`)
      expect(text).toMatch(new RegExp(`line \\d+: secret of ${own}`))
      expect(text).not.toContain(`secret of ${other}`)
    }
  }, 180_000)
})
