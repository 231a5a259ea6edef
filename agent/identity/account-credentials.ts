import { asProblem, fail } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import type { Credential, Credentials } from '../../core/kube/connection.ts'
import { createObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'

export interface Account {
  namespace: string
  /** of the ServiceAccount */
  name: string
  /** how long a token is asked to live; the server may give another time, and never less than 10 minutes */
  tokenSeconds: number
}

/** Of a token's life; the rest is for those who still use it, and for tries while the server is away. */
const RENEW_AT = 0.8

/**
 * Credentials of a ServiceAccount by tokens of the TokenRequest API, which `client` may ask for. They are kept in memory, are
 * renewed before they expire, and after a 401.
 *
 * @throws TENANT_INCOMPLETE when the account is not there, AGENT_RIGHTS when `client` may not ask, or what the server says
 */
export function accountCredentials(client: KubeClient, account: Account): Credentials {
  const { clock } = client
  let held: { credential: Credential; renewAtMs: number; expiresAtMs: number } | undefined
  let asking: Promise<Credential> | undefined

  const ask = async (): Promise<Credential> => {
    const askedAtMs = clock.monotonicMs()
    try {
      const { token, seconds } = await requestToken(client, account)
      held = {
        credential: { authorization: `Bearer ${token}` },
        renewAtMs: askedAtMs + seconds * 1000 * RENEW_AT,
        expiresAtMs: askedAtMs + seconds * 1000,
      }
    } catch (error) {
      // The one before may still do, while the server is away.
      if (!held || isStatus(error, 403, 404) || clock.monotonicMs() >= held.expiresAtMs) throw explain(error, account)
    }
    return held.credential
  }
  return {
    current() {
      if (held && clock.monotonicMs() < held.renewAtMs) return Promise.resolve(held.credential)
      asking ??= ask().finally(() => (asking = undefined))
      return asking
    },
    refused(used) {
      if (held?.credential === used) held = undefined
      return true
    },
  }
}

async function requestToken(client: KubeClient, { namespace, name, tokenSeconds }: Account) {
  const path = `${resourcePath({ version: 'v1', namespace, plural: 'serviceaccounts', name })}/token`
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenSeconds },
  }
  const { json } = await createObject(client, path, request)
  const { spec, status } = json as { spec?: { expirationSeconds?: number }; status?: { token?: string } }
  if (!status?.token) throw fail('TENANT_INCOMPLETE', { namespace, what: `no token was given for ServiceAccount "${name}"` })
  return { token: status.token, seconds: spec?.expirationSeconds ?? tokenSeconds }
}

function explain(error: unknown, { namespace, name }: Account): unknown {
  if (isStatus(error, 404)) return fail('TENANT_INCOMPLETE', { namespace, what: `ServiceAccount "${name}" is not there` }, error)
  if (isStatus(error, 403)) return fail('AGENT_RIGHTS', { reason: asProblem(error).message }, error)
  return error
}
