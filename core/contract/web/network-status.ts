import { reasonLine } from '../cluster-source.ts'
import type { HostContext } from '../collector.ts'
import { type Failing, hostErrorFile } from '../host-failure.ts'
import { networkStatus, type NetworkAddress, type NetworkStatus } from '../network.ts'
import { jsonFile, warning } from '../outputs.ts'
import type { Output } from '../plugin.ts'

/** What a try came to, as the peer's analyzers read it. */
export interface StatusResult {
  status: NetworkStatus
  message: string
}

/** A try, and what its files are called. */
export interface Trial {
  path: string
  /** of the file that says why it failed */
  title: string
  attempt: () => Promise<StatusResult | void>
  statusOf?: (error: unknown) => NetworkStatus
  /** whether there is such a file; default: whenever it did not connect */
  isError?: (status: NetworkStatus) => boolean
}

/** The file of a try in the network. What failed is its status, and a warning too. */
export async function* statusFile(
  context: Failing & Pick<HostContext<unknown>, 'signal'>,
  { path, title, attempt, statusOf = networkStatus, isError = (status) => status !== 'connected' }: Trial,
): AsyncGenerator<Output> {
  const { signal } = context
  signal.throwIfAborted()
  let result: StatusResult = { status: 'connected', message: '' }
  try {
    result = (await attempt()) ?? result
  } catch (error) {
    result = { status: statusOf(error), message: reasonLine(error) }
  }
  signal.throwIfAborted()
  yield jsonFile(path, result)
  if (isError(result.status)) yield hostErrorFile(context, title, result.message)
  if (result.status !== 'connected') yield warning('NETWORK_TRY_FAILED', `${result.status}: ${result.message}`)
}

/** The first IPv4 address of an interface; without a name, of any that is no loopback. */
export function ipv4Of(addresses: readonly NetworkAddress[], interfaceName: string): string | undefined {
  const isWanted = ({ name, isLoopback }: NetworkAddress) => (interfaceName === '' ? !isLoopback : name === interfaceName)
  return addresses.find((one) => one.family === 'IPv4' && isWanted(one))?.address
}

export const noIpv4 = (interfaceName: string) =>
  warning(
    'NO_IPV4_ADDRESS',
    interfaceName ? `interface ${interfaceName} has no IPv4 address` : 'no interface has an IPv4 address',
  )
