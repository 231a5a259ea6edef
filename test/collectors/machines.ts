import type { FakeMachine } from '../../core/testkit/index.ts'
import { WEB_CERTIFICATE, WEB_KEY } from './certificates.ts'

const IP = [
  {
    ifindex: 1,
    ifname: 'lo',
    flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
    mtu: 65536,
    address: '00:00:00:00:00:00',
    addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8 }],
  },
  {
    ifindex: 3,
    ifname: 'docker0',
    flags: ['NO-CARRIER', 'BROADCAST', 'MULTICAST', 'UP'],
    mtu: 1500,
    address: '02:42:9a:1f:00:01',
    addr_info: [{ family: 'inet', local: '172.17.0.1', prefixlen: 16 }],
  },
  {},
  { ifindex: 4, ifname: 'ifb0', flags: ['BROADCAST', 'NOARP'], mtu: 1500, address: '1e:05:7e:71:7f:5b', addr_info: [] },
  {
    ifindex: 5,
    ifname: 'tunl0',
    flags: ['NOARP', 'UP', 'LOWER_UP'],
    mtu: 1480,
    address: '0.0.0.0',
    addr_info: [{ family: 'inet', local: '10.244.1.1', prefixlen: 32 }],
  },
  {
    ifindex: 2,
    ifname: 'eth0',
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1400,
    address: '02:fc:00:00:00:01',
    addr_info: [
      { family: 'inet', local: '192.0.2.2', prefixlen: 24 },
      { family: 'inet6', local: 'fd00::2' },
    ],
  },
  {
    ifindex: 6,
    ifname: 'eth1',
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1500,
    address: '02:fc:00:00:00:02',
    addr_info: [{ family: 'inet6', local: 'fe80::1' }],
  },
]

const CPU = (id: number, core: number) => `processor\t: ${id}
vendor_id\t: AuthenticAMD
cpu family\t: 25
model name\t: AMD EPYC
physical id\t: 0
siblings\t: 4
core id\t\t: ${core}
cpu cores\t: 2
flags\t\t: fpu vme sse sse2${id === 3 ? ' avx' : ''}
bogomips\t: 5192.25
power management:
`

/** What fib_trie of a machine with two networks looks like, shortened; the tables Main and Local name the same addresses. */
const TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
     |-- 203.0.113.7
        /32 host LOCAL
Local:
     |-- 192.0.2.2
        /32 host LOCAL
`

const ROUTES = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth9\t000000C0\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`

const LSBLK = `NAME="sda" KNAME="sda" PKNAME="" TYPE="disk" MAJ:MIN="8:0" SIZE="107374182400" FSTYPE="" MOUNTPOINT="" SERIAL="QM0001" RO="0" RM="0"
NAME="sda1" KNAME="sda1" PKNAME="sda" TYPE="part" MAJ:MIN="8:1" SIZE="107372117504" FSTYPE="ext4" MOUNTPOINT="/" SERIAL="" RO="0" RM="0"
NAME="sdb" KNAME="sdb" PKNAME="" TYPE="disk" MAJ:MIN="8:16" SIZE="53687091200" FSTYPE="" MOUNTPOINT="" SERIAL="QM0002" RO="0" RM="0"
NAME="sr0" KNAME="sr0" PKNAME="" TYPE="rom" MAJ:MIN="11:0" SIZE="1073741312" FSTYPE="" MOUNTPOINT="" SERIAL="QM0003" RO="1" RM="1"
`

/** An ordinary server with systemd: two cores with two threads each, Ubuntu 22.04. */
export const server = {
  files: {
    '/proc/cpuinfo': [CPU(0, 0), CPU(1, 0), CPU(2, 1), CPU(3, 1)].join('\n'),
    '/proc/stat': 'cpu  35045 0 11155\ncpu0 16895 0 5184\ncpu1 18149 0 5971\nintr 857114\n',
    '/sys/devices/system/cpu/cpu0/topology/core_cpus_list': '0-1\n',
    '/sys/devices/system/cpu/cpu1/topology/core_cpus_list': '0-1\n',
    '/sys/devices/system/cpu/cpu2/topology/core_cpus_list': '2-3\n',
    '/sys/devices/system/cpu/cpu3/topology/core_cpus_list': '2-3\n',
    '/sys/devices/system/cpu/cpufreq/boost': '1\n',
    '/proc/meminfo': 'MemTotal:       24684096 kB\nMemFree:        23003604 kB\nMemAvailable:   24218972 kB\n',
    '/proc/sys/kernel/arch': 'x86_64\n',
    '/proc/sys/kernel/osrelease': '5.15.0-102-generic\n',
    '/proc/sys/kernel/hostname': 'node-7\n',
    '/etc/hostname': 'written-name\n',
    '/etc/debian_version': 'bookworm/sid\n',
    '/etc/lsb-release':
      'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\nDISTRIB_DESCRIPTION="Ubuntu 22.04.4 LTS"\n',
    '/etc/os-release': 'NAME="Ubuntu"\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian\n',
    '/proc/modules': [
      'nf_conntrack 188416 5 nf_nat,xt_conntrack, Live 0x0000000000000000',
      'dm_snapshot 45056 8 - Live 0x0000000000000000',
      'vfio 45056 0 - Unloading 0x0000000000000000 (O)',
      'overlay 151552 3 - Loading 0x0000000000000000',
      'strange 10 0 - Dozing 0x0000000000000000',
      '',
    ].join('\n'),
    '/lib/modules/5.15.0-102-generic/modules.builtin': 'kernel/fs/ext4/ext4.ko\nkernel/lib/crc32c-intel.ko\n',
    '/lib/modules/5.15.0-102-generic/modules.dep':
      'kernel/net/ipv4/ip_tables.ko.zst: kernel/net/netfilter/x_tables.ko.zst\nkernel/drivers/md/dm-snapshot.ko.xz: kernel/drivers/md/dm-bufio.ko.xz\nkernel/drivers/md/dm-thin-pool.ko:\n',
    '/proc/net/fib_trie': TRIE,
    '/proc/net/route': ROUTES,
    '/sys/class/net/eth0/flags': '0x1003\n',
    '/sys/class/net/eth0/operstate': 'up\n',
    '/sys/class/net/eth0/ifindex': '2\n',
    '/sys/class/net/eth0/mtu': '1400\n',
    '/sys/class/net/eth0/address': '02:fc:00:00:00:01\n',
    '/var/log/app/app.log': 'ready\n',
    '/var/log/app/old/app.log.1': 'stopped\n',
    '/var/log/app/core.bin': Uint8Array.of(0x7f, 0x45, 0, 1),
    '/etc/app/a/app.conf': 'a=1\n',
    '/etc/app/b/app.conf': 'b=1\n',
    '/etc/app/tls.crt': WEB_CERTIFICATE,
    '/etc/app/tls.key': WEB_KEY,
    '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n',
    '/sys/fs/cgroup/cgroup.procs': '1\n',
    '/sys/fs/cgroup/system.slice/cgroup.freeze': '0\n',
    '/boot/config-5.15.0-102-generic': '# CONFIG_A is not set\nCONFIG_BRIDGE=m\nCONFIG_NF_NAT=y\nCONFIG_HZ=250\n',
  },
  commands: {
    'ip -json addr show': JSON.stringify(IP),
    'timedatectl show':
      'Timezone=Europe/Berlin\nLocalRTC=no\nCanNTP=yes\nNTP=yes\nNTPSynchronized=yes\nTimeUSec=Mon 2026-01-05 02:00:00 CET\n',
    'systemctl list-units --type=service --no-legend --all': [
      '  containerd.service      loaded    active   running containerd container runtime',
      '* kubelet.service         loaded    failed   failed  kubelet: The Kubernetes Node Agent',
      '● ntp.service             not-found inactive dead    ntp.service',
      '',
    ].join('\n'),
    lsblk: LSBLK,
    'dpkg -s open-iscsi': 'Package: open-iscsi\nStatus: install ok installed\nInstalled-Size: 1407\nVersion: 2.1.5-1ubuntu1\n',
    'dpkg -s nfs-common': {
      stderr: "dpkg-query: package 'nfs-common' is not installed and no information is available\n",
      exitCode: 1,
    },
    journalctl: 'Jan 05 01:59:59 node-7 kubelet[812]: ready\n',
    df: { stdout: 'Filesystem 1K-blocks\n', stderr: 'df: /x: denied\n', exitCode: 1 },
    uptime: ' 02:00:00 up 23 min\n',
  },
  usage: { '/': { totalBytes: 1000, usedBytes: 250 }, '/var': { totalBytes: 4000, usedBytes: 3000 } },
  syncTimes: { '/var': [3000, 1000, 2000] },
} satisfies FakeMachine

/** A machine like `server` but for some files and commands; undefined takes one away. */
export function serverBut(change: {
  files?: Record<string, string | undefined>
  commands?: FakeMachine['commands']
}): FakeMachine {
  const files = Object.entries({ ...server.files, ...change.files }).filter(([, content]) => content !== undefined)
  return { ...server, files: Object.fromEntries(files), commands: change.commands ?? server.commands }
}
