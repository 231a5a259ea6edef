import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '../../core/clock.ts'
import { KubeClient } from '../../core/kube/client.ts'
import { type GoTool, goTool } from '../../tools/go-tool.ts'
import type { ControlPlaneInfo } from '../cluster/control-plane.ts'
import { connectionTo } from '../cluster/use-cluster.ts'
import * as components from './components.ts'
import { importArchive } from './containers.ts'
import { writeTestImages } from './images.ts'
import { endedProcess, logEnd, startProcess } from './processes.ts'
import { kubeconfigOf, tokenFile, USERS } from './users.ts'
import { waitFor } from './wait-for.ts'

const run = promisify(execFile)
const { ARGS, filesOf, NODE } = components

/** What a test knows of the node. It is plain data; a ControlPlaneInfo too, so that what tests have for a bare API server works. */
export interface NodeInfo extends ControlPlaneInfo {
  nodeName: string
  nodeIp: string
  /** path of the API server's audit log: one event a line, level Metadata, stages ResponseStarted, ResponseComplete, Panic */
  auditLog: string
}

/** Go-built programs that a node and the tests need. */
export const PROGRAMS = [
  'etcd',
  'kube-apiserver',
  'kubectl',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kube-controller-manager',
  'minio',
] as const satisfies readonly GoTool[]

/**
 * Starts a node in the namespaces of this process and waits until pods can be made. About 12 s on two cores.
 *
 * @throws a plain Error with the end of a log, when a part does not become ready
 */
export async function startNode(folder: string): Promise<NodeInfo> {
  const startedAt = systemClock.monotonicMs()
  await hideMachine(folder)
  await makeNetwork()
  await writeInputs(folder)
  await start(folder, 'containerd')
  await start(folder, 'etcd')
  await start(folder, 'kube-apiserver')
  const archives = await writeTestImages(join(folder, 'images'))
  await until(folder, 'kube-apiserver', () => existsSync(filesOf(folder).serverKey))
  const info = describe(folder)
  const admin = new KubeClient(connectionTo(info, info.adminToken), {
    clock: systemClock,
    random: Math.random,
    userAgent: 'e2e/1',
  })
  const answers = (path: string) => admin.bytes({ path }).then(Boolean, () => false)
  await until(folder, 'kube-apiserver', () => answers('/readyz'))
  await start(folder, 'kube-controller-manager')
  await start(folder, 'kube-scheduler')
  await start(folder, 'kube-proxy')
  await until(folder, 'containerd', () => existsSync(NODE.containerd))
  for (const archive of archives) await importArchive(archive)
  await start(folder, 'kubelet')
  await until(folder, 'kubelet', () => isUsable(admin))
  await until(folder, 'kube-controller-manager', () => answers('/api/v1/namespaces/default/serviceaccounts/default'))
  admin.close()
  return { ...info, readyAfterMs: systemClock.monotonicMs() - startedAt }
}

function describe(folder: string): NodeInfo {
  const files = filesOf(folder)
  const { admin, alice, bob, carol } = USERS
  return {
    folder,
    kubeconfig: files.kubeconfig('admin'),
    server: NODE.server,
    ca: readFileSync(files.serverCertificate, 'utf8'),
    adminToken: admin.token,
    tokens: { alice: alice.token, bob: bob.token, carol: carol.token },
    etcd: NODE.etcd,
    readyAfterMs: 0,
    nodeName: NODE.name,
    nodeIp: NODE.ip,
    auditLog: files.auditLog,
  }
}

/**
 * containerd, the CNI plug-ins and the kubelet write to fixed places outside the node's folder. These mounts, seen in this mount
 * namespace alone, keep that from the machine. No names are looked up: there is no server to ask, and waiting for one takes long.
 */
async function hideMachine(folder: string): Promise<void> {
  const [upper, work] = [join(folder, 'var'), join(folder, 'var-work')]
  for (const path of [upper, work]) mkdirSync(path)
  await run('mount', ['--bind', '/dev/null', '/etc/resolv.conf'])
  await run('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=/var,upperdir=${upper},workdir=${work}`, '/var'])
  await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
}

/** The node's address stands on a bridge: some kernels have no dummy device. */
async function makeNetwork(): Promise<void> {
  const ip = (...args: string[]) => run('ip', args)
  await ip('link', 'set', 'lo', 'up')
  await ip('link', 'add', 'node0', 'type', 'bridge')
  await ip('address', 'add', `${NODE.ip}/24`, 'dev', 'node0')
  await ip('link', 'set', 'node0', 'up')
  await ip('route', 'add', 'default', 'dev', 'node0')
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
}

async function writeInputs(folder: string): Promise<void> {
  const files = filesOf(folder)
  const write = (path: string, content: string | object) =>
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  write(files.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }) as string)
  write(files.tokens, tokenFile())
  for (const user of Object.keys(USERS) as (keyof typeof USERS)[])
    write(files.kubeconfig(user), kubeconfigOf(user, NODE.server, files.serverCertificate))
  write(files.auditPolicy, components.auditPolicy)
  write(files.containerdConfig, components.containerdConfig(folder))
  write(files.kubeletConfig, components.kubeletConfig(folder))
  write(files.proxyConfig, components.proxyConfig(folder))
  mkdirSync(files.networks)
  write(join(files.networks, 'pods.conflist'), components.podNetwork(folder))
  await makeKubeletClientCertificate(files)
}

/** What the API server shows to the kubelet, signed by itself: its only use is that the kubelet knows this one. */
async function makeKubeletClientCertificate(files: ReturnType<typeof filesOf>): Promise<void> {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30']
  const paths = ['-keyout', files.kubeletClientKey, '-out', files.kubeletClientCertificate]
  await run('openssl', ['req', '-x509', ...kind, ...paths, '-subj', '/O=system:masters/CN=apiserver-kubelet-client'])
}

async function start(folder: string, name: string): Promise<void> {
  const program = PROGRAMS.find((one) => one === name)
  startProcess(folder, name, program ? await goTool(program) : name, ARGS[name]?.(folder) ?? [])
}

/** Waits for a part. One that takes too long says so by the end of its log, and so does any that has ended. */
async function until(folder: string, name: string, isUp: () => boolean | Promise<boolean>): Promise<void> {
  const look = async () => ((await isUp()) ? { isUp: true } : { isUp: false, ended: endedProcess(folder) })
  const seen = await waitFor(`the start of ${name}`, look, ({ isUp, ended }) => isUp || ended !== undefined, {
    everyMs: 50,
    onLate: () => logEnd(folder, name),
  })
  if (seen.ended !== undefined) throw new Error(`${seen.ended} ended at its start:\n${logEnd(folder, seen.ended)}`)
}

/** Ready, and no taint of its beginnings left that would keep pods away. */
async function isUsable(admin: KubeClient): Promise<boolean> {
  const { items } = (await admin.json({ path: '/api/v1/nodes' })) as { items: ApiNode[] }
  const [node] = items
  const isReady = node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  return isReady && node?.spec.taints === undefined
}

interface ApiNode {
  spec: { taints?: object[] }
  status?: { conditions?: { type: string; status: string }[] }
}
