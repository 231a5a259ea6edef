import { connect, createServer } from 'node:net'
import { afterAll } from 'vitest'

/** A way from pods to a server on loopback that a test can close: connections are then cut at once. */
export interface Gate {
  /** for pods */
  url: string
  open(): void
  close(): void
}

/**
 * Makes a server on loopback, such as `useMinio`'s, reachable from pods: they can't use the node's loopback, but the node's address.
 * Ends with the test file. A request that was signed for the gate's URL is valid there, since its Host header is handed on as it is.
 */
export async function gateForPods(url: string, nodeIp: string): Promise<Gate> {
  const { port, hostname } = new URL(url)
  let isOpen = true
  const server = createServer((pod) => {
    if (!isOpen) return void pod.destroy()
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
  return {
    url: `http://${nodeIp}:${typeof address === 'object' && address ? address.port : 0}`,
    open: () => void (isOpen = true),
    close: () => void (isOpen = false),
  }
}

/** The URL of such a gate that stays open. */
export const reachableFromPods = async (url: string, nodeIp: string): Promise<string> => (await gateForPods(url, nodeIp)).url
