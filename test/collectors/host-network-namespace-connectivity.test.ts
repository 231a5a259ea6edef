import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import connectivity from '../../collectors/host-network-namespace-connectivity/index.ts'
import { addressesOf } from '../../collectors/host-network-namespace-connectivity/plan.ts'
import type { FakeMachine } from '../../core/testkit/index.ts'
import { condition } from '../agent/analysis/run-analyzer.ts'
import { codes, issues, texts } from './collect.ts'
import { tryIn } from './host-network.ts'

const UNSHARE = 'unshare'
const ENTRY = { fromCIDR: '10.1.0.0/24', toCIDR: '10.2.3.4/16', timeout: '2s' }
const PATH = 'host-collectors/system/networkNamespaceConnectivity.json'
type Program = (args: string[]) => { stdout?: string; stderr?: string; exitCode?: number }

/** A machine with all programs, and the lines that were run on it. */
function machine(change: Record<string, Program> = {}): { lines: string[]; machine: FakeMachine } {
  const lines: string[] = []
  let pid = 100
  const programs: Record<string, Program> = {
    id: () => ({ stdout: '0\n' }),
    unshare: () => ({ stdout: `${++pid}\n` }),
    ip: () => ({}),
    nsenter: (args) => (args.includes('bash') ? { exitCode: 1, stderr: 'bash: connect: Connection refused\n' } : {}),
    sh: () => ({}),
    ...change,
  }
  const noted = Object.entries(programs).map(
    ([name, run]) => [name, (args: string[]) => (lines.push([name, ...args].join(' ')), run(args))] as const,
  )
  return { lines, machine: { commands: Object.fromEntries(noted) } }
}
async function run(change: Record<string, Program> = {}, entry: object = ENTRY) {
  const { lines, machine: made } = machine(change)
  const gathered = await tryIn(connectivity, entry, {}, made)
  const text = Object.values(texts(gathered))[0] ?? ''
  return {
    lines,
    gathered,
    result: JSON.parse(text) as { success: boolean; errors: Record<string, string>; output: { logs: string[] } },
  }
}
const failing =
  (part: string, stderr: string): Program =>
  (args) =>
    args.join(' ').includes(part) ? { exitCode: 2, stderr } : {}

it('makes two namespaces, tries both protocols, and ends them', async () => {
  const { lines, gathered, result } = await run()
  expect(result).toMatchObject({ from_cidr: '10.1.0.0/24', to_cidr: '10.2.3.4/16', success: true })
  expect(new Set(Object.values(result.errors))).toEqual(new Set(['']))
  expect(result.output.logs[2]).toBe('[2026-01-01T02:00:00.000Z] reaching to "10.2.0.1" from "10.1.0.1" with udp')
  expect(codes(gathered)).toEqual([])
  expect(lines.filter((line) => line.startsWith('ip'))).toEqual([
    'ip link add sbs-101-o type veth peer name sbs-101-i netns 101',
    'ip addr add 10.1.0.254/24 dev sbs-101-o',
    'ip link set sbs-101-o up',
    'ip link add sbs-102-o type veth peer name sbs-102-i netns 102',
    'ip addr add 10.2.255.254/16 dev sbs-102-o',
    'ip link set sbs-102-o up',
  ])
  expect(lines).toContain('nsenter --target 101 --net ip route add default via 10.1.0.254')
  const tries = lines.filter((line) => line.startsWith('nsenter --target 101 --net timeout 2 bash '))
  expect(tries.map((line) => [line.includes('/dev/udp/'), line.endsWith(' bash 10.2.0.1 8080 2')])).toEqual([
    [true, true],
    [false, true],
  ])
  expect(lines.slice(-2)).toEqual(['sh -c kill "$1" sh 101', 'sh -c kill "$1" sh 102'])
})

describe('a machine on which it does not work', () => {
  const bash =
    (stderr: string, exitCode = 1): Program =>
    (args) =>
      args.includes('bash') ? { exitCode, stderr } : {}
  it.each<[string, Record<string, Program>, Record<string, string>]>([
    ['is not run by root', { id: () => ({ stdout: '1000\n' }) }, { from_cidr_creation: 'only root may make network namespaces' }],
    [
      'refuses the first namespace',
      { unshare: () => ({ exitCode: 1, stderr: 'unshare failed: Operation not permitted\n' }) },
      { from_cidr_creation: 'unshare --net sh: unshare failed: Operation not permitted' },
    ],
    [
      'refuses the second one',
      { ip: failing('10.2.255.254', 'RTNETLINK answers: File exists') },
      { to_cidr_creation: 'ip addr add: RTNETLINK answers: File exists' },
    ],
    ['does not forward', { nsenter: bash('', 124) }, { udp_client: 'i/o timeout', tcp_client: 'i/o timeout' }],
    [
      'has a firewall',
      { nsenter: bash('bash: connect: No route to host\n') },
      { udp_client: 'bash: connect: No route to host', tcp_client: 'bash: connect: No route to host' },
    ],
  ])('%s', async (_, change, errors) => {
    const { gathered, result, lines } = await run(change)
    expect(result).toMatchObject({ success: false, errors })
    expect(Object.values(result.errors).filter((error) => error !== '')).toEqual(Object.values(errors))
    expect(codes(gathered)).toEqual(['NAMESPACES_NOT_CONNECTED'])
    expect(lines.filter((line) => line.includes('kill'))).toHaveLength(
      lines.filter((line) => line.startsWith('unshare') && !change['unshare']).length,
    )
    expect(condition('hostAnalyzers', 'networkNamespaceConnectivity', '', texts(gathered))).toBe('held')
  })

  it('has no id', async () => {
    const gathered = await tryIn(connectivity, ENTRY)
    expect(JSON.parse(texts(gathered)[PATH] ?? '')).toMatchObject({
      errors: { from_cidr_creation: 'id could not be run: spawn id ENOENT' },
    })
  })
})

it.each([
  ['10.0.0.77/24', { inside: '10.0.0.1', outside: '10.0.0.254', prefix: '24' }],
  ['10.0.0.5/30', { inside: '10.0.0.5', outside: '10.0.0.6', prefix: '30' }],
  ['200.0.0.0/8', { inside: '200.0.0.1', outside: '200.255.255.254', prefix: '8' }],
])('%s', (cidr, addresses) => {
  expect(addressesOf(cidr)).toEqual(addresses)
})

it.each<[object, string]>([
  [{ fromCIDR: '10.0.0.0/24' }, 'toCIDR'],
  [{ fromCIDR: '10.0.0.0/24', toCIDR: '10.0.0.0/24' }, 'must not be that of fromCIDR'],
  [{ fromCIDR: '10.0.0.0/31', toCIDR: '10.1.0.0/24' }, 'at least four IPv4 addresses'],
  [{ fromCIDR: 'fd00::/64', toCIDR: '10.1.0.0/24' }, 'at least four IPv4 addresses'],
])('refuses %j', async (entry, said) => {
  expect((await issues(connectivity, entry)).join()).toContain(said)
})

/** Within a network namespace of its own, so that the machine itself is left alone. */
describe.skipIf(!mayUnshare())('a real machine', () => {
  const inside = async (forwards: 0 | 1) => {
    const script = join(import.meta.dirname, 'namespaces/collect.ts')
    const line = `ip link set lo up; echo ${forwards} > /proc/sys/net/ipv4/ip_forward; exec "$0" "$1"`
    const { stdout } = await promisify(execFile)(UNSHARE, ['--net', 'sh', '-c', line, process.execPath, script])
    return JSON.parse(stdout) as { success: boolean; errors: Record<string, string> }
  }
  it('that forwards', async () => {
    expect(await inside(1)).toMatchObject({ success: true })
  })
  it('that does not', async () => {
    expect(await inside(0)).toMatchObject({
      success: false,
      errors: { from_cidr_creation: '', udp_client: 'i/o timeout', tcp_client: 'i/o timeout' },
    })
  }, 15_000)
})

function mayUnshare(): boolean {
  try {
    const line =
      'ip link add sbs-a type veth peer name sbs-b && command -v nsenter timeout bash && test -w /proc/sys/net/ipv4/ip_forward'
    execFileSync(UNSHARE, ['--net', 'sh', '-c', line], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
