import type { ArgsDef } from 'citty'
import type { KubeOverrides } from '../core/kube/kubeconfig.ts'

const text = (description: string, valueHint: string) => ({ type: 'string', description, valueHint }) as const
const flag = (description: string) => ({ type: 'boolean', description }) as const

/** kubectl's global flags: it hands none of them to a plug-in, so they are read here. `--server` has no short form: -s is --spec. */
export const KUBE_FLAGS = {
  namespace: {
    type: 'string',
    alias: 'n',
    description: 'namespace of the job; default: the one of the context',
    valueHint: 'NAMESPACE',
  },
  kubeconfig: text('kubeconfig file', 'FILE'),
  context: text('context of the kubeconfig', 'CONTEXT'),
  cluster: text('cluster of the kubeconfig', 'CLUSTER'),
  user: text('user of the kubeconfig', 'USER'),
  server: text('address of the API server', 'URL'),
  token: text('bearer token', 'TOKEN'),
  as: text('user to impersonate', 'USER'),
  'as-group': text('group to impersonate; may be repeated', 'GROUP'),
  'as-uid': text('uid to impersonate', 'UID'),
  username: text('user for basic authentication', 'USER'),
  password: text('password for basic authentication', 'PASSWORD'),
  'certificate-authority': text('certificate of the authority to trust', 'FILE'),
  'client-certificate': text('client certificate', 'FILE'),
  'client-key': text('client key', 'FILE'),
  'tls-server-name': text('name in the certificate of the server', 'NAME'),
  'insecure-skip-tls-verify': flag('do not check the certificate of the server'),
  'disable-compression': flag('ask for no compression'),
  'request-timeout': text('accepted as kubectl does, and not used', 'DURATION'),
  'cache-dir': text('accepted as kubectl does, and not used', 'FOLDER'),
  'match-server-version': flag('accepted as kubectl does, and not used'),
  'warnings-as-errors': flag('accepted as kubectl does, and not used'),
  v: { type: 'string', alias: 'v', description: 'accepted as kubectl does, and not used', valueHint: 'LEVEL' },
} as const satisfies ArgsDef

/** Those that help shows; the others are kubectl's and known from there. */
export const SHOWN_KUBE_FLAGS: readonly string[] = ['namespace', 'kubeconfig', 'context']

export type KubeArgs = { [Name in keyof typeof KUBE_FLAGS]?: string | boolean | undefined }

const NAMES = {
  namespace: 'namespace',
  kubeconfig: 'kubeconfig',
  context: 'context',
  cluster: 'cluster',
  user: 'user',
  server: 'server',
  token: 'token',
  as: 'as',
  'as-uid': 'asUid',
  username: 'username',
  password: 'password',
  'certificate-authority': 'certificateAuthority',
  'client-certificate': 'clientCertificate',
  'client-key': 'clientKey',
  'tls-server-name': 'tlsServerName',
  'insecure-skip-tls-verify': 'insecureSkipTlsVerify',
  'disable-compression': 'disableCompression',
} as const satisfies Partial<Record<keyof typeof KUBE_FLAGS, keyof KubeOverrides>>

/** What the flags say over the kubeconfig. `groups`: each `--as-group`. */
export function kubeOverrides(args: KubeArgs, groups: readonly string[]): KubeOverrides {
  const given = Object.entries(NAMES).flatMap(([flag, name]) => {
    const value = args[flag as keyof typeof NAMES]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(given), ...(groups.length > 0 ? { asGroups: groups } : {}) }
}
