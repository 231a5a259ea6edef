/** A command, without a shell. */
export type Command = [program: string, ...args: string[]]

/** The addresses of a range that are used: the first inside the namespace, the last outside of it, as its gateway. */
export interface Addresses {
  inside: string
  outside: string
  prefix: string
}

export function addressesOf(cidr: string): Addresses {
  const [address = '', prefix = ''] = cidr.split('/')
  const size = 2 ** (32 - Number(prefix))
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const first = Math.floor(number / size) * size
  const text = (one: number) => [24, 16, 8, 0].map((bits) => Math.floor(one / 2 ** bits) % 256).join('.')
  return { inside: text(first + 1), outside: text(first + size - 2), prefix }
}

/**
 * A network namespace without a name: it lives as long as the process in it, so that nothing stays behind even when nobody is
 * left to remove it. Prints the number of that process.
 */
export const holdNamespace = (seconds: number): Command => [
  'unshare',
  '--net',
  'sh',
  '-c',
  `sleep ${seconds} >/dev/null 2>&1 </dev/null & echo $!`,
]

/** Ends it: the namespace goes, and its pair of interfaces with it. */
export const dropNamespace = (pid: string): Command => ['sh', '-c', 'kill "$1"', 'sh', pid]

const inside = (pid: string, ...command: string[]): Command => ['nsenter', '--target', pid, '--net', ...command]

/** Ties a namespace to the machine by a pair of interfaces, named after its process. */
export function connectNamespace(pid: string, { inside: own, outside, prefix }: Addresses): Command[] {
  const [out, into] = [`sbs-${pid}-o`, `sbs-${pid}-i`]
  return [
    ['ip', 'link', 'add', out, 'type', 'veth', 'peer', 'name', into, 'netns', pid],
    ['ip', 'addr', 'add', `${outside}/${prefix}`, 'dev', out],
    ['ip', 'link', 'set', out, 'up'],
    inside(pid, 'ip', 'addr', 'add', `${own}/${prefix}`, 'dev', into),
    inside(pid, 'ip', 'link', 'set', 'lo', 'up'),
    inside(pid, 'ip', 'link', 'set', into, 'up'),
    inside(pid, 'ip', 'route', 'add', 'default', 'via', outside),
  ]
}

/** What bash does with its own sockets; the other side refuses, as nobody listens there. */
const TRIES = {
  udp: 'exec 3<>"/dev/udp/$1/$2" && echo echo >&3 && read -r -t "$3" <&3',
  tcp: 'exec 3<>"/dev/tcp/$1/$2"',
} as const
export type Protocol = keyof typeof TRIES

export function tryFrom(pid: string, protocol: Protocol, address: string, port: number, seconds: number): Command {
  const limit = String(Math.max(1, Math.ceil(seconds)))
  return inside(pid, 'timeout', limit, 'bash', '--norc', '-c', TRIES[protocol], 'bash', address, String(port), limit)
}

/**
 * Why a try failed; undefined when it did not. A refusal comes from the kernel of the other namespace: what was sent arrived
 * there, and what it answered came back, which is all that is asked. So no server has to run in it.
 */
export function failureOf({ exitCode, stderr }: { exitCode: number; stderr: string }): string | undefined {
  if (exitCode === 0 || /connection refused/i.test(stderr)) return undefined
  return stderr.trim().split('\n')[0] || 'i/o timeout'
}
