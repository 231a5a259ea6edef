import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inject } from 'vitest'
import { goTool } from '../../tools/go-tool.ts'
import { type TestCluster, testCluster } from '../cluster/use-cluster.ts'
import { containerPid, importArchive } from './containers.ts'
import type { NodeInfo } from './node.ts'
import { isRunning, restartProcess, stopProcess } from './processes.ts'
import { waitFor } from './wait-for.ts'

/** One line of the audit log, as far as tests look at it. */
export interface AuditEvent {
  verb: string
  stage: string
  requestURI: string
  user: { username: string; groups?: string[] }
  userAgent?: string
  sourceIPs?: string[]
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string; name?: string }
  responseStatus?: { code?: number }
  requestReceivedTimestamp: string
}

export interface Pod {
  metadata: { name: string; namespace: string; uid: string; deletionTimestamp?: string }
  spec: { containers: { name: string }[] }
  status: { phase?: string; podIP?: string; conditions?: Condition[]; containerStatuses?: ContainerStatus[] }
}
interface Condition {
  type: string
  status: string
}
interface ContainerStatus {
  name: string
  containerID?: string
  ready: boolean
  restartCount: number
}

/** The node as a test file has it. */
export interface TestNode extends Pick<TestCluster, 'admin' | 'client' | 'allow'> {
  info: NodeInfo
  /** As the administrator. Gives stdout; throws with stderr. `input` goes to stdin: an object as JSON, for `apply -f -`. */
  kubectl(args: string[], input?: object): Promise<string>
  /** `kubectl get … -o json`, parsed */
  get<T>(...args: string[]): Promise<T>
  /** Makes an image known to the node. `archive` is the path of an OCI archive. */
  importImage(archive: string): Promise<void>
  /**
   * Runs `work` in a namespace of its own and removes that afterwards, without waiting until all of it is gone. When `work` fails,
   * the pods of the namespace, its events and its containers' logs are printed.
   */
  inNewNamespace<T>(work: (namespace: string) => Promise<T>, labels?: Record<string, string>): Promise<T>
  /** Waits until as many pods as this are there and ready, and gives them. */
  readyPods(namespace: string, selector: string, count?: number): Promise<Pod[]>
  /** As a node that is lost: the object is gone at once, the containers get SIGKILL about a second later. */
  killPod(namespace: string, name: string): Promise<void>
  /** The process id of a running container, for signals and for /proc/<pid>. */
  pidOf(pod: Pod, container?: string): Promise<number>
  /** For a test that failed: pods, events and the ends of all containers' logs of a namespace. */
  whatIsIn(namespace: string): Promise<string>
  /** SIGKILL to the API server; pods run on. */
  stopApiServer(): Promise<void>
  /** On the same address, with the same data. Resolves when it is ready. */
  startApiServer(): Promise<void>
  /** What the API server wrote down so far, oldest first. */
  auditEvents(): AuditEvent[]
}

/** The node of this test run: `const node = useNode()` at the top of a test file. */
export function useNode(): TestNode {
  const info = inject('node')
  const { admin, client, allow } = testCluster(info)
  const kubectl: TestNode['kubectl'] = (args, input) => runKubectl(info, args, input)
  const get = async <T>(...args: string[]) => JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as T
  const podsOf = async (namespace: string, selector: string) =>
    (await get<{ items: Pod[] }>('pods', '-n', namespace, '-l', selector)).items
  return {
    info,
    admin,
    client,
    allow,
    kubectl,
    get,
    importImage: importArchive,
    inNewNamespace: (work, labels = {}) => inNewNamespace(kubectl, work, labels),
    readyPods: (namespace, selector, count = 1) =>
      waitFor(
        `${count} ready pods of ${selector} in ${namespace}`,
        () => podsOf(namespace, selector),
        (pods) => {
          return pods.length === count && pods.every(isReady)
        },
      ),
    async killPod(namespace, name) {
      await kubectl(['delete', 'pod', name, '-n', namespace, '--force', '--grace-period=0'])
    },
    pidOf(pod, container = pod.spec.containers[0]?.name) {
      const status = pod.status.containerStatuses?.find(({ name }) => name === container)
      return containerPid(status?.containerID ?? '')
    },
    whatIsIn: (namespace) => whatIsIn(kubectl, namespace),
    stopApiServer: () => stopProcess(info.folder, 'kube-apiserver'),
    async startApiServer() {
      if (!isRunning(info.folder, 'kube-apiserver')) restartProcess(info.folder, 'kube-apiserver')
      await waitFor('the API server', () => kubectl(['get', '--raw', '/readyz']), Boolean)
    },
    auditEvents: () =>
      readFileSync(info.auditLog, 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('}')) // the last one may still be on its way
        .map((line) => JSON.parse(line) as AuditEvent),
  }
}

const isReady = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false)

const MAX_OUTPUT_BYTES = 2 ** 26

async function runKubectl(info: NodeInfo, args: string[], input?: object): Promise<string> {
  const program = await goTool('kubectl')
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, KUBECONFIG: info.kubeconfig }, maxBuffer: MAX_OUTPUT_BYTES }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }))
      else resolve(stdout)
    })
    child.stdin?.end(input === undefined ? '' : JSON.stringify(input))
  })
}

async function inNewNamespace<T>(
  kubectl: TestNode['kubectl'],
  work: (namespace: string) => Promise<T>,
  labels: Record<string, string>,
): Promise<T> {
  const namespace = `e2e-${randomUUID().slice(0, 8)}`
  await kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
  try {
    await waitFor('the default ServiceAccount', () => kubectl(['get', 'serviceaccount', 'default', '-n', namespace]), Boolean)
    return await work(namespace)
  } catch (error) {
    process.stderr.write(`\nnamespace ${namespace}, whose test failed:\n${await whatIsIn(kubectl, namespace)}\n`)
    throw error
  } finally {
    await kubectl(['delete', 'pods', '--all', '-n', namespace, '--force', '--grace-period=0'])
    await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  }
}

const LOG_LINES = '--tail=30'

/** For a reader who was not there. */
async function whatIsIn(kubectl: TestNode['kubectl'], namespace: string): Promise<string> {
  const ask = (...args: string[]) => kubectl([...args, '-n', namespace]).catch((error: unknown) => String(error))
  const names = (await ask('get', 'pods', '-o', 'name')).split('\n').filter(Boolean)
  const logs = names.map(async (name) => `--- ${name}\n${await ask('logs', name, '--all-containers', '--prefix', LOG_LINES)}`)
  const parts = [ask('get', 'pods', '-o', 'wide'), ask('get', 'events', '--sort-by=.lastTimestamp'), ...logs]
  return (await Promise.all(parts)).join('\n')
}
