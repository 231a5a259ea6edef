import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { reasonOf } from '../../core/errors.ts'
import { clusterBinary } from '../cluster/binaries.ts'

const execute = promisify(execFile)

/** Why there is no kubectl, said loudly: .ci/run looks for the first word. Undefined where there is one. */
export const noKubectl: string | undefined = await clusterBinary('kubectl').then(
  () => undefined,
  (error: unknown) => {
    process.stderr.write(`\nSKIPPED: a test file needs kubectl, and there is none: ${reasonOf(error)}\n`)
    return reasonOf(error)
  },
)

export const MANIFESTS = resolve(import.meta.dirname, '../../manifests')

/** An object as a manifest has it, with what the tests look at. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  rules?: Rule[]
  roleRef?: { kind: string; name: string }
  subjects?: { kind: string; name: string; namespace?: string }[]
  data?: Record<string, string>
  spec?: Record<string, unknown>
}

export interface Rule {
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
  verbs: string[]
}

/** All folders of manifests/ that stand alone, relative to it: durable-outbox is a Component, which changes another one. */
export const KUSTOMIZATIONS = readdirSync(MANIFESTS, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('kustomization.yaml') && !path.startsWith('durable-outbox'))
  .map((path) => relative(MANIFESTS, join(MANIFESTS, dirname(path))) || '.')
  .toSorted()

/** Runs kubectl, away from the settings of whoever runs the tests. Throws with its stderr. */
export async function kubectl(args: readonly string[], kubeconfig = '/dev/null'): Promise<{ stdout: string; stderr: string }> {
  const env = { KUBECONFIG: kubeconfig, HOME: join(tmpdir(), 'sbs-kubectl') }
  return execute(await clusterBinary('kubectl'), [...args], { env, maxBuffer: 1 << 26 })
}

/** What `kubectl apply -k` would send, of a folder of manifests/ or of an absolute path. */
export async function build(folder: string): Promise<Manifest[]> {
  const { stdout } = await kubectl(['kustomize', resolve(MANIFESTS, folder)])
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest)
}

export const find = (objects: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  if (!found) throw new Error(`there is no ${kind} "${name}"`)
  return found
}

/** A rule's single rights: `verb resource.group` or `verb /path`, with the names that it is held to. */
export function rightsOf({ apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [], verbs }: Rule): string[] {
  const what = [
    ...resources.flatMap((resource) => apiGroups.map((group) => (group ? `${resource}.${group}` : resource))),
    ...nonResourceURLs,
  ]
  const names = resourceNames.length > 0 ? ` ${resourceNames.toSorted().join(',')}` : ''
  return verbs.flatMap((verb) => what.map((one) => `${verb} ${one}${names}`))
}

/** The pod that a Deployment or StatefulSet would make. */
export function podOf(object: Manifest): PodTemplate {
  return (object.spec as { template: PodTemplate }).template
}

export interface PodTemplate {
  metadata: { labels: Record<string, string> }
  spec: {
    containers: Container[]
    volumes: { name: string }[]
    securityContext: Record<string, unknown>
    [more: string]: unknown
  }
}

export interface Container {
  name: string
  image: string
  args: string[]
  env?: { name: string }[]
  ports?: { name: string; containerPort: number }[]
  volumeMounts: { name: string; mountPath: string }[]
  securityContext: Record<string, unknown>
}
