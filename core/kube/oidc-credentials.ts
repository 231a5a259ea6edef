import { fail, reasonOf } from '../errors.ts'
import type { Credential, Credentials } from './connection.ts'
import { type Entry, invalid } from './kubeconfig-entry.ts'

/**
 * The `oidc` auth-provider of a kubeconfig: an ID token, and a refresh token to get the next one with. The protocol is that of
 * client-node, which is loaded only for such users; what it renews is kept in memory, and the kubeconfig is not changed.
 *
 * @throws KUBE_CREDENTIALS when the issuer gives no new token
 */
export function oidcCredentials(provider: Entry): Credentials {
  const config = provider.map('config')
  if (!config?.text('id-token') && !config?.text('refresh-token'))
    throw invalid(provider.place, 'has neither id-token nor refresh-token')
  const fields = { ...config.raw }
  let loaded: Promise<{ token(): Promise<string | undefined> }> | undefined
  let last: Credential | undefined
  return {
    async current() {
      loaded ??= load(fields)
      try {
        const authorization = await (await loaded).token()
        // one object for as long as nothing changes, so that `refused` can tell which it was
        if (last?.authorization !== authorization) last = { authorization }
        return last ?? {}
      } catch (error) {
        const remedy = 'log in again with the program that wrote this user'
        throw fail(
          'KUBE_CREDENTIALS',
          { command: `auth-provider oidc of ${provider.place.file}`, reason: reasonOf(error), remedy },
          error,
        )
      }
    },
    refused: () => false,
  }
}

async function load(config: Record<string, unknown>) {
  // Its one file that speaks the protocol, and not the index with all its models.
  const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js')
  const provider = new OpenIDConnectAuth()
  const user = { name: 'user', authProvider: { name: 'oidc', config } }
  return {
    async token() {
      const options: { headers: Record<string, string> } = { headers: {} }
      await provider.applyAuthentication(user, options)
      return options.headers['Authorization']
    },
  }
}
