import { PutObjectCommand } from '@aws-sdk/client-s3'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { useMinio } from '../support/minio.ts'
import { anonymousBytes } from './containers.ts'
import { reachableFromPods } from './object-store.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'
import { aWorkload, restricted } from './workload.ts'

const node = useNode()
const minio = await useMinio()

const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' }

describe('the node', () => {
  it('runs a Deployment: logs, exec, a Service address', async () => {
    await node.inNewNamespace(async (namespace) => {
      await node.kubectl(
        ['apply', '-n', namespace, '-f', '-'],
        aWorkload('web', { replicas: 2, says: 'hello from the workload' }),
      )
      const [pod] = await node.readyPods(namespace, 'app=web', 2)
      const name = pod?.metadata.name ?? ''

      await waitFor(
        'a line of its log',
        () => node.kubectl(['logs', name, '-n', namespace]),
        (log) => /^line 3: hello/m.test(log),
      )
      expect(await node.kubectl(['exec', name, '-n', namespace, '--', 'sh', '-c', 'echo $((6 * 7))'])).toBe('42\n')

      await node.kubectl(['expose', 'deployment', 'web', '-n', namespace, '--port=80', '--target-port=8080'])
      const { spec } = await node.get<{ spec: { clusterIP: string } }>('service', 'web', '-n', namespace)
      const ask = async (url: string) => (await fetch(url)).text()
      await waitFor(
        'the Service address',
        () => ask(`http://${spec.clusterIP}/`),
        (text) => text.includes('hello from the workload'),
      )
      expect(await ask(`http://${pod?.status.podIP}:8080/`)).toContain('hello from the workload')
      const fromPod = ['exec', name, '-n', namespace, '--', 'wget', '-qO-', `http://${spec.clusterIP}/`]
      expect(await node.kubectl(fromPod)).toContain('hello from the workload')
    })
  })

  it('admits what keeps to pod security "restricted", and nothing else', async () => {
    await node.inNewNamespace(async (namespace) => {
      const apply = (object: object) => node.kubectl(['apply', '-n', namespace, '-f', '-'], object)
      const bare = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bare' }, spec: aWorkload('bare').spec.template.spec }
      await expect(apply(bare)).rejects.toThrow('violates PodSecurity "restricted:latest"')
      await apply(restricted(aWorkload('good')))
      const [pod] = await node.readyPods(namespace, 'app=good')
      const exec = (script: string) => node.kubectl(['exec', pod?.metadata.name ?? '', '-n', namespace, '--', 'sh', '-c', script])
      expect(await exec('id -u')).toBe('65532\n')
      await expect(exec('touch /new')).rejects.toThrow('Read-only file system')
      expect(await exec('grep -E "CapEff|Seccomp:" /proc/self/status')).toBe('CapEff:\t0000000000000000\nSeccomp:\t2\n')
      // as in any cluster: a token that the kubelet asked for, and the API server at its Service address
      const token = '$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)'
      const server = 'https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT'
      const ask = (path: string) =>
        exec(`wget -qO- --no-check-certificate --header "Authorization: Bearer ${token}" ${server}${path} 2>&1`)
      expect(await ask('/version')).toContain('"gitVersion": "v1.34.4"')
      await expect(ask(`/api/v1/namespaces/${namespace}/pods`)).rejects.toThrow()
    }, RESTRICTED)
  })

  it('knows the process of a container, and a pod that was killed comes back', async () => {
    await node.inNewNamespace(async (namespace) => {
      await node.kubectl(['apply', '-n', namespace, '-f', '-'], aWorkload('web'))
      const [pod] = await node.readyPods(namespace, 'app=web')
      if (!pod) throw new Error('no pod')
      const pid = await node.pidOf(pod)
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('line')
      expect(anonymousBytes(pid)).toSatisfy((bytes: number) => bytes > 50_000 && bytes < 5_000_000)
      process.kill(pid, 'SIGKILL')
      await waitFor(
        'a restart',
        () => node.readyPods(namespace, 'app=web'),
        ([one]) => one?.status.containerStatuses?.[0]?.restartCount === 1,
      )

      await node.killPod(namespace, pod.metadata.name)
      const [next] = await node.readyPods(namespace, 'app=web')
      expect(next?.metadata.uid).not.toBe(pod.metadata.uid)
    })
  })

  it.skipIf(minio.skipped)('reaches a MinIO from a pod', async () => {
    await node.inNewNamespace(async (namespace) => {
      const Bucket = await minio.newBucket()
      await minio.client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }))
      const url = await reachableFromPods(minio.url, node.info.nodeIp)
      await node.kubectl(['apply', '-n', namespace, '-f', '-'], aWorkload('web'))
      const [pod] = await node.readyPods(namespace, 'app=web')
      const wget = (path: string) =>
        node.kubectl(['exec', pod?.metadata.name ?? '', '-n', namespace, '--', 'wget', '-qO-', `${url}${path}`])
      expect(await wget('/minio/health/ready')).toBe('')
      await expect(wget(`/${Bucket}/a`)).rejects.toThrow('403 Forbidden') // there, and not for everyone
    })
  })

  it('keeps its pods while the API server is away', async () => {
    await node.inNewNamespace(async (namespace) => {
      await node.kubectl(['apply', '-n', namespace, '-f', '-'], aWorkload('web'))
      const [pod] = await node.readyPods(namespace, 'app=web')
      await node.stopApiServer()
      await expect(node.kubectl(['get', 'pods', '-n', namespace])).rejects.toThrow('refused')
      expect((await fetch(`http://${pod?.status.podIP}:8080/`)).status).toBe(200)
      await node.startApiServer()
      const [same] = await node.readyPods(namespace, 'app=web')
      expect(same?.metadata.uid).toBe(pod?.metadata.uid)
    })
  })

  it('says what it saw last when it waits in vain', async () => {
    const look = () => node.get('namespace', 'default')
    await expect(waitFor('snow', look, () => false, { withinMs: 300 })).rejects.toThrow(
      /^waited 300 ms for snow.*\{.*name: 'default'/s,
    )
    await expect(
      waitFor(
        'snow',
        () => node.get('nothing'),
        () => true,
        { withinMs: 300 },
      ),
    ).rejects.toThrow('the server doesn')
  })

  it('writes down who asked for what', async () => {
    await node.inNewNamespace(async (namespace) => {
      await node.allow('carol', ['get'], ['configmaps'], { namespace })
      const carol = node.client('carol')
      await carol.json({ path: `/api/v1/namespaces/${namespace}/configmaps/kube-root-ca.crt` })
      await expect(carol.json({ path: `/api/v1/namespaces/${namespace}/secrets` })).rejects.toThrow('is forbidden')
      const asked = node
        .auditEvents()
        .filter(({ user, objectRef }) => user.username === 'carol' && objectRef?.namespace === namespace)
      const facts = asked.map(({ verb, objectRef, responseStatus }) => [verb, objectRef?.resource, responseStatus?.code])
      expect(facts).toEqual(
        expect.arrayContaining([
          ['get', 'configmaps', 200],
          ['list', 'secrets', 403],
        ]),
      )
    })
  })
})
