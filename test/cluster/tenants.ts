import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeClient } from '../../core/kube/client.ts'
import { mergePatch } from '../../core/kube/objects.ts'
import { LABEL_ENABLED, STORE_ACCOUNT } from '../../core/names.ts'

const TENANT = join(import.meta.dirname, '..', '..', 'manifests', 'tenant')
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const COLLECTIONS: Record<string, (namespace: string) => string> = {
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  Role: (namespace) => `${RBAC}/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `${RBAC}/namespaces/${namespace}/rolebindings`,
}

/** Opts a namespace in, as `install namespace` does: both identities with the rights that the manifests give them, then the label. */
export async function optIn(admin: KubeClient, namespace: string): Promise<void> {
  for (const name of readdirSync(TENANT, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.yaml') || name.endsWith('kustomization.yaml')) continue
    const text = readFileSync(join(TENANT, name), 'utf8').replaceAll('example-tenant', namespace)
    for (const document of parseAllDocuments(text)) {
      const body = document.toJS() as { kind: string }
      const path = COLLECTIONS[body.kind]?.(namespace)
      if (path === undefined) throw new Error(`${name}: no test makes a ${body.kind}`)
      await admin.json({ method: 'POST', path, body })
    }
  }
  await mergePatch(admin, `/api/v1/namespaces/${namespace}`, { metadata: { labels: { [LABEL_ENABLED]: 'true' } } })
}

/** Lets jobs of a namespace upload with a Secret. */
export async function allowUploadsWith(admin: KubeClient, namespace: string, secret: string): Promise<void> {
  const metadata = { name: `upload-${secret}` }
  const rules = [{ apiGroups: [''], resources: ['secrets'], resourceNames: [secret], verbs: ['get'] }]
  await admin.json({ method: 'POST', path: `${RBAC}/namespaces/${namespace}/roles`, body: { metadata, rules } })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', ...metadata }
  const subjects = [{ kind: 'ServiceAccount', name: STORE_ACCOUNT, namespace }]
  await admin.json({
    method: 'POST',
    path: `${RBAC}/namespaces/${namespace}/rolebindings`,
    body: { metadata, roleRef, subjects },
  })
}
