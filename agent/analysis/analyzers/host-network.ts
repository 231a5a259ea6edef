import { BlockList, isIP } from 'node:net'
import * as z from 'zod'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { AnalyzerKind } from '../define.ts'
import { ofFile } from '../gather.ts'
import { jsonFileAnalyzer } from '../json-file.ts'
import { settled } from '../analyzer.ts'
import { judge, Text } from '../outcomes.ts'
import { flag, readJson, text } from '../shapes.ts'
import { fillTemplate } from '../text/template.ts'

/** `when`: a status, like `connected` or `address-in-use`. */
const status = (title: string, folder: string, name: string): AnalyzerKind =>
  jsonFileAnalyzer({
    title: () => title,
    path: ({ collectorName }) => `host-collectors/${folder}/${collectorName || name}.json`,
    content: z.object({ status: text }),
    holds: (when, found) => when === found.status,
  })

export const tcpLoadBalancer = status('TCP Load Balancer', 'tcpLoadBalancer', 'tcpLoadBalancer')
export const httpLoadBalancer = status('HTTP Load Balancer', 'httpLoadBalancer', 'httpLoadBalancer')
export const tcpPortStatus = status('TCP Port Status', 'tcpPortStatus', 'tcpPortStatus')
export const udpPortStatus = status('UDP Port Status', 'udpPortStatus', 'udpPortStatus')
export const tcpConnect = status('TCP Connection Attempt', 'connect', 'connect')
export const subnetAvailable = status('Subnet Available', 'subnetAvailable', 'result')

/** `when`: what the collector found of the pair, like `key-pair-valid`. */
export const certificate = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, collectorName: Text }),
  title: () => 'Certificate Key Pair',
  start: ({ collectorName, outcomes }, report) =>
    ofFile(
      {
        path: `host-collectors/certificate/${collectorName || 'certificate'}.json`,
        read: (_, bytes) => new TextDecoder().decode(bytes).trim(),
        judge: (found) => [report(judge(outcomes, (when) => when === found))],
      },
      report,
    ),
})

/** `when`: `true` or `false`. Looks at no file. */
export const subnetContainsIP = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, collectorName: Text, cidr: Text, ip: Text }),
  title: () => 'Subnet Contains IP',
  start({ cidr, ip, outcomes }, report) {
    const isInside = String(contains(cidr, ip))
    const holds = (when: string) => {
      if (when !== 'true' && when !== 'false') throw new Error('it must be true or false')
      return when === isInside
    }
    return settled(report(judge(outcomes, holds)))
  },
})

function contains(cidr: string, ip: string): boolean {
  const [address = '', prefix = ''] = cidr.split('/')
  const family = isIP(address)
  const longest = family === 4 ? 32 : 128
  if (family === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > longest)
    throw new Error(`"${cidr}" is not a range like 10.0.0.0/8`)
  const own = isIP(ip)
  if (own === 0) throw new Error(`"${ip}" is not an IP address`)
  const range = new BlockList()
  range.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  return range.check(ip, own === 4 ? 'ipv4' : 'ipv6')
}

const Connectivity = z.object({
  from_cidr: text,
  to_cidr: text,
  success: flag,
  errors: z.record(z.string(), z.string()).nullish(),
  output: z.object({ logs: z.array(z.string()).nullish() }).nullish(),
})

/** Errors by name, and how messages call what failed. */
const FAILURES: Readonly<Record<string, string>> = {
  from_cidr_creation: `Failed to create 'from' namespace`,
  to_cidr_creation: `Failed to create 'to' namespace`,
  udp_client: 'UDP connection failed with',
  udp_server: 'UDP server failed with',
  tcp_client: 'TCP connection failed with',
  tcp_server: 'TCP server failed with',
}

/** The first pass or fail outcome, as it went. Messages are templates of FromCIDR, ToCIDR, ErrorMessage and Success. */
export const networkNamespaceConnectivity = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, collectorName: Text }),
  title: () => 'Network Namespace Connectivity',
  start: ({ collectorName, outcomes }, report) =>
    ofFile(
      {
        path: `host-collectors/system/${collectorName || 'networkNamespaceConnectivity'}.json`,
        read: (path, bytes) => readJson(path, bytes, Connectivity),
        judge({ from_cidr, to_cidr, success, errors }) {
          const verdict = success ? 'pass' : 'fail'
          const branch = outcomes.find((outcome) => outcome[verdict])?.[verdict]
          const lines = Object.entries(FAILURES).flatMap(([key, what]) => (errors?.[key] ? [`${what}: ${errors[key]}\n`] : []))
          const data = { FromCIDR: from_cidr, ToCIDR: to_cidr, Success: success, ErrorMessage: lines.join('') }
          return [report(branch ? { verdict, message: fillTemplate(branch.message, data), uri: '' } : undefined)]
        },
      },
      report,
    ),
})
