import type { FakeAnswers, FakeMachine, FakeSurroundings } from '../../core/testkit/index.ts'

/** Servers that entries of the samples ask. */
export const servers: FakeAnswers = {
  'https://api.example': { headers: { 'content-type': 'application/json' }, body: { status: 'ok' } },
  'https://reg.example': ({ url }) =>
    url.endsWith('/1') ? {} : { status: 404, body: { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] } },
  'https://bundles.s3.us-east-1.amazonaws.com': {},
}

/** A network in which entries of the samples find something. */
export const surroundings: FakeSurroundings = {
  addresses: [
    { name: 'lo', address: '127.0.0.1', family: 'IPv4', isLoopback: true },
    { name: 'eth0', address: '192.0.2.2', family: 'IPv4', isLoopback: false },
  ],
  tcp: { 'db.example:5432': true },
  udp: { '0.0.0.0:53': true },
  arrivals: { '192.0.2.2:80': true, 'lb.example:80': true, 'http://lb.example': true },
}

/** Machines of their own, by the collector. */
export const networkMachines: Record<string, FakeMachine> = {
  'host-dns': { files: { '/etc/resolv.conf': 'nameserver 192.0.2.53\nsearch example\n' } },
  'host-network-namespace-connectivity': { commands: { id: '0\n', unshare: '101\n', ip: '', nsenter: '', sh: '' } },
}

/** Entries of collectors that talk over the network. */
export const networkSamples: Record<string, object[]> = {
  http: [
    { get: { url: 'https://api.example/healthz' } },
    { name: 'n', post: { url: 'https://api.example/', tls: { secret: { name: 'db', namespace: 'payments' } } } },
  ],
  'registry-images': [
    { images: ['reg.example/app:1', 'reg.example/app:2'] },
    { images: ['reg.example/app:1'], imagePullSecret: { name: 'db' }, namespace: 'payments' },
  ],
  's3-status': [{ bucketName: 'bundles', accessKeyID: 'a', secretAccessKey: 's' }],
  'host-http': [{ get: { url: 'https://api.example/healthz' } }, { put: { url: 'https://gone.example/', body: 'b' } }],
  'host-registry-images': [{ images: ['reg.example/app:1'], username: 'u', password: 'p' }],
  'host-tcp-connect': [{ address: 'db.example:5432' }, { address: 'gone.example:1' }],
  'host-tcp-port-status': [{ port: 80 }, { port: 81, interface: 'eth0' }],
  'host-udp-port-status': [{ port: 53 }, { port: 54 }],
  'host-tcp-load-balancer': [{ address: 'lb.example:80', port: 8080 }],
  'host-http-load-balancer': [{ address: 'http://lb.example', port: 8080 }],
  'host-subnet-available': [{ CIDRRangeAlloc: '10.0.0.0/8', desiredCIDR: 22 }],
  'host-dns': [{ hostnames: ['kubernetes'] }],
  'host-network-namespace-connectivity': [{ fromCIDR: '10.1.0.0/24', toCIDR: '10.2.0.0/24' }],
}
