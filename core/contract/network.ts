/** Where something listens: a name or an address, and a port. */
export interface Endpoint {
  host: string
  port: number
}

export interface NetworkAddress {
  /** of the interface */
  name: string
  address: string
  family: 'IPv4' | 'IPv6'
  isLoopback: boolean
}

/**
 * What host collectors may try in the network of the machine. Connections pass the host's rules for what may be reached.
 * Failures are errors with Node's `code`: ECONNREFUSED, ETIMEDOUT, EADDRINUSE, EACCES, …; or the signal's reason.
 */
export interface Network {
  /** of interfaces that are up, in the system's order */
  addresses(): Promise<NetworkAddress[]>
  /** Opens a TCP connection and closes it. */
  connect(to: Endpoint, timeoutMs: number): Promise<void>
  /** Listens at a UDP port and closes it. */
  bindUdp(at: Endpoint): Promise<void>
  /**
   * Listens at `at`, and connects to `via` until something that was sent there arrives: a load balancer may give a request to
   * another machine. `via` is an endpoint for TCP, or a URL to POST to.
   */
  arrive(at: Endpoint, via: Endpoint | string, timeoutMs: number): Promise<void>
  /** Sends one datagram, and gives the first that comes back. */
  ask(to: Endpoint, message: Uint8Array, timeoutMs: number): Promise<Uint8Array>
}

/** What a try came to, in the words of the peer's analyzers. */
export type NetworkStatus =
  | 'connected'
  | 'connection-refused'
  | 'connection-timeout'
  | 'address-in-use'
  | 'bind-permission-denied'
  | 'invalid-address'
  | 'error'

const STATUS: Readonly<Record<string, NetworkStatus>> = {
  ECONNREFUSED: 'connection-refused',
  ETIMEDOUT: 'connection-timeout',
  EADDRINUSE: 'address-in-use',
}

/** The status that a failure of `Network` is. */
export function networkStatus(thrown: unknown): NetworkStatus {
  const { code } = (thrown ?? {}) as { code?: unknown }
  return (typeof code === 'string' && STATUS[code]) || 'error'
}

/** "host:port", or "[address]:port"; undefined for what is neither. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65_535) return undefined
  return { host: host || 'localhost', port: Number(port) }
}
