import { createObject, deleteObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { TOKEN_KEY_NAME, TOKEN_KEY_SECRET } from '../../core/names.ts'
import { warning } from '../output/text.ts'
import type { Told } from './apply-all.ts'
import { TENANT_LABELS } from './tenant.ts'

const pathOf = (namespace: string, name?: string) =>
  resourcePath({ version: 'v1', namespace, plural: 'secrets', ...(name ? { name } : {}) })

/** Makes the key of a namespace's redaction tokens, once: another one would make other tokens. `key`: 64 hexadecimal digits. */
export async function makeTokenKey(
  { client, out, err }: Told & { err(text: string): void },
  namespace: string,
  key: string,
): Promise<void> {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: TOKEN_KEY_SECRET, labels: TENANT_LABELS },
    stringData: { [TOKEN_KEY_NAME]: key },
  }
  try {
    await createObject(client, pathOf(namespace), secret)
    out(`secret/${TOKEN_KEY_SECRET} created\n`)
  } catch (error) {
    if (isStatus(error, 409)) return out(`secret/${TOKEN_KEY_SECRET} unchanged\n`)
    if (!isStatus(error, 403)) throw error
    err(warning(`secret/${TOKEN_KEY_SECRET} not made: ${error.said}. What is masked in bundles cannot be told apart without it.`))
  }
}

export async function removeTokenKey({ client, out }: Told, namespace: string): Promise<void> {
  if (await deleteObject(client, pathOf(namespace, TOKEN_KEY_SECRET))) out(`secret/${TOKEN_KEY_SECRET} deleted\n`)
}
