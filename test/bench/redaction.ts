import { gzipSync } from 'node:zlib'
import { createRedactor } from '../../agent/redaction/redactor.ts'
import { defaultRules } from '../../agent/redaction/rules.ts'

/** Speeds of redaction in MB per second of CPU time (10^6 bytes), over generated text that is the same each time. */

const BLOCK_BYTES = 4 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024

export interface Speed {
  name: string
  mbPerSecond: number
}

/** Measures about `megabytes` of log text for each line of the result, and a quarter of it where work is slow. */
export async function bench(megabytes = 256): Promise<Speed[]> {
  const random = lcg(42)
  const log = logText(BLOCK_BYTES, random)
  const pods = podList(BLOCK_BYTES, random)
  const indented = Buffer.from(JSON.stringify(pods, null, 2))
  const minified = Buffer.from(JSON.stringify(pods))
  const plans: [string, Buffer, (block: Buffer) => unknown, number][] = [
    ['floor: copy through latin1 and search for newlines, log text', log, countNewlines, megabytes],
    ['redact, log text', log, redact(log), megabytes],
    ['redact, pods as indented JSON', indented, redact(indented), megabytes / 4],
    ['redact, pods as one line of JSON', minified, redact(minified), megabytes / 4],
    ['gzip level 1, log text', log, (block) => gzipSync(block, { level: 1 }), megabytes / 4],
    ['redact and gzip level 1, log text', log, (block) => gzipSync(Buffer.concat(redact(block)()), { level: 1 }), megabytes / 4],
  ]
  return plans.map(([name, block, work, size]) => ({ name, mbPerSecond: speed(block, work, size) }))
}

function speed(block: Buffer, work: (block: Buffer) => unknown, megabytes: number): number {
  for (let warm = 0; warm < 2; warm++) work(block)
  const rounds = Math.max(1, Math.round((megabytes * 1e6) / block.length))
  const start = process.cpuUsage()
  for (let round = 0; round < rounds; round++) work(block)
  const { user, system } = process.cpuUsage(start)
  return Math.round((rounds * block.length) / (user + system))
}

function countNewlines(block: Buffer): number {
  let lines = 0
  for (let at = 0; at < block.length; at += 2 ** 20) {
    const text = block.toString('latin1', at, at + 2 ** 20)
    for (let found = text.indexOf('\n'); found >= 0; found = text.indexOf('\n', found + 1)) lines++
  }
  return lines
}

const redactor = createRedactor(defaultRules)

function redact(block: Buffer): () => Uint8Array[] {
  return () => {
    const file = redactor.file('bench')
    const parts: Uint8Array[] = []
    for (let at = 0; at < block.length; at += CHUNK_BYTES) parts.push(...file.push(block.subarray(at, at + CHUNK_BYTES)))
    return parts.concat(file.end())
  }
}

type Random = (below: number) => number

function lcg(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

const hex = (length: number, random: Random) => Array.from({ length }, () => random(16).toString(16)).join('')

/** Lines of five common shapes, and one in 300 with a secret. */
function logText(bytes: number, random: Random): Buffer {
  const kinds = [
    () =>
      `I0512 08:41:12.${random(999_999)}       1 controller.go:${random(900)}] "Reconciling" namespace="shop" name="web-${hex(8, random)}"`,
    () =>
      `{"level":"info","ts":17${random(99_999_999)},"msg":"request completed","path":"/api/orders/${random(9999)}","status":200}`,
    () =>
      `10.244.1.${random(255)} - - [12/May/2025:10:10:31 +0000] "GET /app.js HTTP/1.1" 200 ${random(90_000)} "https://shop.example.com/" "Mozilla/5.0 (X11; Linux x86_64)"`,
    () =>
      `2025-05-12T10:00:31.${random(999)}Z INFO  [worker-${random(16)}] c.e.OrderService - order ${hex(12, random)} done in ${random(300)} ms`,
    () =>
      `\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:${random(999)}) ~[spring-web-5.3.31.jar!/:5.3.31]`,
  ]
  const secrets = [
    () => `2025-05-12T10:00:31Z INFO connecting with password=${hex(12, random)}; retry`,
    () => `dial postgres://app:${hex(10, random)}@db.shop:5432/orders failed`,
    () => `> Authorization: Bearer ${hex(40, random)}`,
  ]
  const lines: string[] = []
  for (let size = 0; size < bytes; size += (lines.at(-1)?.length ?? 0) + 1) {
    const from = lines.length % 300 === 299 ? secrets : kinds
    lines.push(from[random(from.length)]?.() ?? '')
  }
  return Buffer.from(`${lines.join('\n')}\n`)
}

/** Pods as the API server gives them, with what kubectl applied as escaped JSON in an annotation. */
function podList(bytes: number, random: Random): object {
  const items: object[] = []
  for (let size = 0; size < bytes; size += 7000) {
    const container = {
      name: 'web',
      image: `registry.example.com/shop/web@sha256:${hex(64, random)}`,
      env: [
        { name: 'DB_HOST', value: 'db.shop' },
        { name: 'DB_PASSWORD', value: hex(12, random) },
        { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name: 'api', key: 'token' } } },
      ],
      resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
      volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', name: 'kube-api-access', readOnly: true }],
      securityContext: { runAsUser: 1000, allowPrivilegeEscalation: false },
    }
    const token = { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }
    const volumes = [
      { name: 'kube-api-access', projected: { defaultMode: 420, sources: [token] } },
      { name: 'tls', secret: { secretName: 'web-tls' } },
    ]
    const spec = {
      containers: [container],
      volumes,
      serviceAccountName: 'web',
      schedulerName: 'default-scheduler',
      nodeName: `ip-10-0-0-${random(255)}`,
    }
    const metadata = {
      name: `web-${hex(10, random)}`,
      namespace: 'shop',
      uid: hex(32, random),
      resourceVersion: String(random(999_999)),
    }
    const applied = `${JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec })}\n`
    const conditions = ['Initialized', 'Ready', 'PodScheduled'].map((type) => ({ type, status: 'True', lastProbeTime: null }))
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': applied }
    items.push({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, annotations },
      spec,
      status: { conditions, phase: 'Running', podIP: '10.244.1.2' },
    })
  }
  return { apiVersion: 'v1', kind: 'PodList', items }
}

if (import.meta.main) {
  for (const { name, mbPerSecond } of await bench()) console.log(`${String(mbPerSecond).padStart(6)} MB/s  ${name}`)
}
