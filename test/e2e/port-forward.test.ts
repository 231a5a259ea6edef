import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { forwardPort } from '../../core/kube/port-forward.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { useNode } from './use-node.ts'
import { aWorkload } from './workload.ts'

const node = useNode()

/** One GET through a port-forward. */
async function get(client: KubeClient, namespace: string, pod: string, port: number): Promise<string> {
  const socket = await forwardPort(client, { namespace, pod, port })
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ path: '/', headers: { host: pod }, createConnection: () => socket }, (response) => {
      text(response).then(resolve, reject)
    })
    asked.on('error', reject).end()
  })
}

/** The kubelet, and what runs its containers, are real here; test/core/kube/port-forward.test.ts has a fake one. */
describe('a forwarded port', () => {
  it('reaches a pod, several times, and says why when nothing listens there', async () => {
    await node.inNewNamespace(async (namespace) => {
      await node.kubectl(['apply', '-n', namespace, '-f', '-'], aWorkload('web', { says: 'hello from the workload' }))
      const [pod] = await node.readyPods(namespace, 'app=web')
      const name = pod?.metadata.name ?? ''
      for (let turn = 0; turn < 3; turn++)
        expect(await get(node.admin, namespace, name, 8080)).toContain('hello from the workload')
      await expect(get(node.admin, namespace, name, 9999)).rejects.toMatchObject({
        code: 'POD_PORT_UNREACHABLE',
        message: expect.stringContaining('refused'),
      })
    })
  })

  it('takes the right to it', async () => {
    await node.inNewNamespace(async (namespace) => {
      await node.kubectl(['apply', '-n', namespace, '-f', '-'], aWorkload('web'))
      const [pod] = await node.readyPods(namespace, 'app=web')
      const name = pod?.metadata.name ?? ''
      const bob = node.client('bob')
      await expect(forwardPort(bob, { namespace, pod: name, port: 8080 })).rejects.toMatchObject({ code: 'API_FORBIDDEN' })
      await node.allow('bob', ['get', 'create'], ['pods/portforward'], { namespace })
      expect(await get(bob, namespace, name, 8080)).toContain('hello')
      bob.close()
    })
  })
})
