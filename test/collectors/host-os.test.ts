import { expect, it } from 'vitest'
import hostOs from '../../collectors/host-os/index.ts'
import { identifyPlatform } from '../../collectors/host-os/platform.ts'
import { codes, collect, texts } from './collect.ts'
import { server, serverBut } from './machines.ts'

const PATH = 'host-collectors/system/hostos_info.json'

it('tells name, kernel and distribution', async () => {
  expect(texts(await collect(hostOs))).toEqual({
    [PATH]:
      '{"name":"node-7","kernelVersion":"5.15.0-102-generic","platformVersion":"22.04","platform":"ubuntu","platformFamily":"debian"}',
  })
})

it('takes the name of a mounted machine from its file', async () => {
  const gathered = await collect(hostOs, {}, { ...server, root: '/host' })
  expect(JSON.parse(gathered.files[0]!.text)).toMatchObject({ name: 'written-name' })
})

it('warns of each fact that it cannot find, and writes the others', async () => {
  const gathered = await collect(hostOs, {}, { files: { '/proc/sys/kernel/hostname': 'bare\n' } })
  expect(codes(gathered)).toEqual(['HOST_TOOL_FAILED', 'PLATFORM_UNKNOWN'])
  expect(JSON.parse(Object.values(texts(gathered))[0]!)).toEqual({
    name: 'bare',
    kernelVersion: '',
    platformVersion: '',
    platform: '',
    platformFamily: '',
  })
})

it('asks uname where /proc does not tell the release', async () => {
  const gathered = await collect(
    hostOs,
    {},
    serverBut({ files: { '/proc/sys/kernel/osrelease': undefined }, commands: { 'uname -r': '6.1.0\n' } }),
  )
  expect(JSON.parse(gathered.files[0]!.text)).toMatchObject({ kernelVersion: '6.1.0' })
})

it.each<[string, Record<string, string>, [string, string, string]]>([
  [
    'Debian',
    { '/etc/debian_version': '12.11\n', '/etc/os-release': 'ID=debian\nVERSION_ID="12"\n' },
    ['debian', 'debian', '12.11'],
  ],
  ['Raspbian', { '/etc/debian_version': '12.1\n', '/usr/bin/raspi-config': '#!/bin/sh' }, ['raspbian', 'debian', '12.1']],
  [
    'RHEL',
    { '/etc/redhat-release': 'Red Hat Enterprise Linux release 8.9 (Ootpa)\n', '/etc/os-release': 'ID="rhel"' },
    ['redhat', 'rhel', '8.9'],
  ],
  ['CentOS', { '/etc/redhat-release': 'CentOS Linux release 7.9.2009 (Core)\n' }, ['centos', 'rhel', '7.9.2009']],
  ['Rocky', { '/etc/redhat-release': 'Rocky Linux release 9.3 (Blue Onyx)\n' }, ['rocky', 'rhel', '9.3']],
  ['Fedora', { '/etc/redhat-release': 'Fedora release 41 (Forty One)\n' }, ['fedora', 'fedora', '41']],
  ['Fedora Rawhide', { '/etc/redhat-release': 'Fedora release 43 (Rawhide)\n' }, ['fedora', 'fedora', 'rawhide']],
  [
    'Oracle',
    {
      '/etc/oracle-release': 'Oracle Linux Server release 8.7\n',
      '/etc/redhat-release': 'Red Hat Enterprise Linux release 8.7\n',
    },
    ['oracle', 'rhel', '8.7'],
  ],
  [
    'Amazon Linux',
    { '/etc/system-release': 'Amazon Linux release 2023.3.20240117 (Amazon Linux)\n' },
    ['amazon', 'rhel', '2023.3.20240117'],
  ],
  [
    'Amazon Linux without that file',
    { '/etc/os-release': 'NAME="Amazon Linux"\nID="amzn"\nVERSION_ID="2023"\n' },
    ['amazon', 'rhel', '2023'],
  ],
  [
    'Alpine',
    { '/etc/alpine-release': '3.19.1\n', '/etc/os-release': 'ID=alpine\nVERSION_ID=3.19.1\n' },
    ['alpine', 'alpine', '3.19.1'],
  ],
  ['SLES 15', { '/etc/os-release': 'NAME="SLES"\nVERSION_ID="15.5"\nID="sles"\n' }, ['sles', 'suse', '15.5']],
  [
    'SLES 12',
    { '/etc/SuSE-release': 'SUSE Linux Enterprise Server 12 (x86_64)\nVERSION = 12\nPATCHLEVEL = 5\n' },
    ['suse', 'suse', '12.5'],
  ],
  [
    'Arch, with an empty file',
    { '/etc/arch-release': '', '/etc/os-release': 'ID=arch\nBUILD_ID=rolling\n' },
    ['arch', 'arch', ''],
  ],
  ['Flatcar', { '/etc/os-release': "ID=flatcar\nVERSION_ID='3815.2.0'\n" }, ['flatcar', '', '3815.2.0']],
])('knows %s', async (_, files, [platform, family, version]) => {
  expect(await identifyPlatform(async (path) => files[path])).toEqual({ platform, family, version })
})
