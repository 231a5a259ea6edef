import type { HostCollectorPlugin, Network } from '../../core/contract/index.ts'
import {
  fakeHost,
  type FakeMachine,
  fakeNetwork,
  type FakeSurroundings,
  gather,
  type Gathered,
  hostContext,
} from '../../core/testkit/index.ts'

/** Runs a host collector for an entry of a spec, in made-up surroundings. */
export async function tryIn(
  collector: HostCollectorPlugin,
  entry: object,
  surroundings: FakeSurroundings | Network = {},
  machine: FakeMachine = {},
): Promise<Gathered> {
  const result = await collector.configSchema['~standard'].validate(entry)
  if (result.issues) throw new Error(JSON.stringify(result.issues))
  const network = 'arrive' in surroundings ? surroundings : fakeNetwork(surroundings)
  return gather(collector.collect(hostContext({ config: result.value, network, host: fakeHost(machine) })))
}

/** A network that tells what it was asked for, and does all of it. */
export function listeningNetwork(): { asked: unknown[]; network: Network } {
  const asked: unknown[] = []
  const note =
    (name: string) =>
    async (...what: unknown[]) =>
      void asked.push([name, ...what])
  const addresses = [
    { name: 'lo', address: '127.0.0.1', family: 'IPv4' as const, isLoopback: true },
    { name: 'eth0', address: 'fd00::2', family: 'IPv6' as const, isLoopback: false },
    { name: 'eth0', address: '192.0.2.2', family: 'IPv4' as const, isLoopback: false },
    { name: 'eth1', address: '198.51.100.3', family: 'IPv4' as const, isLoopback: false },
    { name: 'v6', address: 'fd00::3', family: 'IPv6' as const, isLoopback: false },
  ]
  const network: Network = {
    ...fakeNetwork({ addresses }),
    connect: note('connect'),
    bindUdp: note('bindUdp'),
    arrive: note('arrive'),
  }
  return { asked, network }
}
