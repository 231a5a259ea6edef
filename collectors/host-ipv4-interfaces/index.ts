import { CONTRACT, defineHostCollector, HOST_ERRORS, hostFailure, jsonFile, runTool, warning } from '../../core/contract/index.ts'
import { interfacesFromFiles } from './from-files.ts'
import { interfacesFromIp } from './from-ip.ts'
import { Ipv4InterfacesConfig } from './schema.ts'

export default defineHostCollector<Ipv4InterfacesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-ipv4-interfaces',
    version: '1.0.0',
    summary: 'network interfaces that are up and have an IPv4 address, loopback left out',
    specKey: 'ipv4Interfaces',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: Ipv4InterfacesConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    // `ip` asks the kernel through netlink, which Node.js cannot. os.networkInterfaces() could stand in, but it looks at
    // this process only, gives neither index nor MTU, and would escape the port through which machines are looked at.
    const printed = await runTool(context, 'ip', ['-json', 'addr', 'show'])
    const listed = typeof printed === 'string' ? interfacesFromIp(printed) : undefined
    if (listed !== undefined) {
      yield jsonFile('host-collectors/system/ipv4Interfaces.json', listed)
      return
    }

    yield typeof printed === 'string' ? warning('HOST_TOOL_FAILED', 'this version of ip does not print JSON') : printed
    const found = await interfacesFromFiles(context)
    if ('type' in found) {
      yield* hostFailure(context, 'IPv4 Interfaces', found)
      return
    }
    if (found.untied.length > 0) {
      yield warning('IPV4_INTERFACE_UNKNOWN', `no route tells which interface has ${found.untied.join(', ')}`)
    }
    yield jsonFile('host-collectors/system/ipv4Interfaces.json', found.interfaces)
  },
})
