import { CONTRACT, defineHostCollector, HOST_ERRORS, hostFailure, jsonFile, runTool } from '../../core/contract/index.ts'
import { BlockDevicesConfig } from './schema.ts'

const COLUMNS = 'NAME,KNAME,PKNAME,TYPE,MAJ:MIN,SIZE,FSTYPE,MOUNTPOINT,SERIAL,RO,RM'

export default defineHostCollector<BlockDevicesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-block-devices',
    version: '1.0.0',
    summary: 'disks and partitions, with what is on them',
    specKey: 'blockDevices',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: BlockDevicesConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    // Not --json: lsblk of CentOS 7 has none.
    const listed = await runTool(context, 'lsblk', ['--noheadings', '--bytes', '--pairs', '-o', COLUMNS])
    if (typeof listed === 'string') yield jsonFile('host-collectors/system/block_devices.json', devicesIn(listed))
    else yield* hostFailure(context, 'Block Devices', listed)
  },
})

/** Lines like `NAME="sda1" KNAME="sda1" PKNAME="sda" … MAJ:MIN="8:1" …`; some versions write MAJ_MIN. */
function devicesIn(listed: string): object[] {
  return listed.split('\n').flatMap((line) => {
    const pairs = [...line.matchAll(/([A-Z:_]+)="([^"]*)"/g)]
    const value = Object.fromEntries(pairs.map(([, column = '', text = '']) => [column.replace('_', ':'), unescaped(text)]))
    if (!value['KNAME']) return []
    const [major, minor] = (value['MAJ:MIN'] ?? '').split(':')
    return {
      name: value['NAME'] ?? '',
      kernel_name: value['KNAME'],
      parent_kernel_name: value['PKNAME'] ?? '',
      type: value['TYPE'] ?? '',
      major: Number(major) || 0,
      minor: Number(minor) || 0,
      size: Number(value['SIZE']) || 0,
      filesystem_type: value['FSTYPE'] ?? '',
      mountpoint: value['MOUNTPOINT'] ?? '',
      serial: value['SERIAL'] ?? '',
      read_only: value['RO'] === '1',
      removable: value['RM'] === '1',
    }
  })
}

/** lsblk writes quotes, and bytes that are not plain, as `\x22`. */
function unescaped(text: string): string {
  if (!text.includes('\\x')) return text
  const bytes = text.split(/(\\x[0-9a-fA-F]{2})/).map((part) => {
    const [, hex] = /^\\x(..)$/.exec(part) ?? []
    return hex === undefined ? Buffer.from(part) : Buffer.of(Number.parseInt(hex, 16))
  })
  return Buffer.concat(bytes).toString()
}
