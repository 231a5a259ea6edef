import { type Connection, FreshText, tokenCredentials } from './connection.ts'
import type { KubeconfigSource } from './kubeconfig-files.ts'
import { CERTIFICATE_AGE_MS, TOKEN_AGE_MS } from './user-credentials.ts'
import type { Clock } from '../clock.ts'

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The connection of a pod as its ServiceAccount; undefined outside of a pod, or when it has no token. */
export async function inCluster(world: KubeconfigSource & { clock: Clock }): Promise<Connection | undefined> {
  const host = world.env['KUBERNETES_SERVICE_HOST']
  const port = world.env['KUBERNETES_SERVICE_PORT']
  if (!host || !port) return undefined
  const read = async (file: string) => (await world.readFile(`${FOLDER}/${file}`)).toString('utf8').trim()
  // the kubelet replaces the token long before it expires, and editors of manifests leave line ends behind it
  const token = new FreshText(() => read('token'), world.clock, TOKEN_AGE_MS)
  const ca = new FreshText(() => read('ca.crt'), world.clock, CERTIFICATE_AGE_MS)
  try {
    await token.get()
  } catch {
    return undefined
  }
  const renew = () => {
    token.expire()
    return true
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    context: '',
    user: 'the ServiceAccount of this pod',
    namespace: await read('namespace').catch(() => 'default'),
    credentials: tokenCredentials(() => token.get(), renew),
    tls: { ca: () => ca.get(), isUnverified: false, serverName: undefined },
    headers: {},
    proxy: undefined,
    mayCompress: true,
  }
}
