import { connect, createServer } from 'node:net'
import { afterAll } from 'vitest'

/**
 * Makes a server on loopback, such as `useMinio`'s, reachable from pods: they can't use the node's loopback, but the node's address.
 * Ends with the test file.
 *
 * @returns the URL for pods; a request signed for it is valid there, since its Host header is handed on as it is
 */
export async function reachableFromPods(url: string, nodeIp: string): Promise<string> {
  const { port, hostname } = new URL(url)
  const server = createServer((pod) => {
    const store = connect(Number(port), hostname)
    // an end that breaks ends the other
    pod.on('error', () => store.destroy()).on('close', () => store.destroy())
    store.on('error', () => pod.destroy()).on('close', () => pod.destroy())
    pod.pipe(store).pipe(pod)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, nodeIp, resolve)
  })
  afterAll(() => void server.close())
  const address = server.address()
  return `http://${nodeIp}:${typeof address === 'object' && address ? address.port : 0}`
}
