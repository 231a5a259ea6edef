interface User {
  token: string
  name: string
  groups: string[]
}

/**
 * Who may speak to the API server by a fixed token. Each part of the node is its own user, as in a real cluster: so the audit log
 * tells who asked, and a kubelet may no more than kubelets may. alice, bob and carol have no rights but those that a test gives.
 */
export const USERS = {
  admin: { token: 'admin-token', name: 'admin', groups: ['system:masters'] },
  alice: { token: 'alice-token', name: 'alice', groups: ['team'] },
  bob: { token: 'bob-token', name: 'bob', groups: ['team'] },
  carol: { token: 'carol-token', name: 'carol', groups: [] },
  'controller-manager': { token: 'controller-manager-token', name: 'system:kube-controller-manager', groups: [] },
  scheduler: { token: 'scheduler-token', name: 'system:kube-scheduler', groups: [] },
  kubelet: { token: 'kubelet-token', name: 'system:node:node-1', groups: ['system:nodes'] },
  proxy: { token: 'proxy-token', name: 'system:kube-proxy', groups: [] },
} as const satisfies Record<string, User>

/** Lines of --token-auth-file: token, name, uid, "groups". */
export const tokenFile = () =>
  Object.values(USERS)
    .map(({ token, name, groups }) => `${token},${name},${name},"${groups.join(',')}"\n`)
    .join('')

/** A kubeconfig with one context. `certificate` is the path of a PEM file that holds the server's CA. */
export const kubeconfigOf = (user: keyof typeof USERS, server: string, certificate: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster: { server, 'certificate-authority': certificate } }],
    users: [{ name: user, user: { token: USERS[user].token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user } }],
    'current-context': 'e2e',
  })
