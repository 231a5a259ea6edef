import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { AGENT_NAME, AGENT_NAMESPACE, LABEL_ENABLED } from '../../core/names.ts'
import type { TestNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const CLI = join(ROOT, 'dist', 'kubectl-support_bundle_schedule.js')
/** What `npm run image` makes. */
export const IMAGE = join(ROOT, 'build', 'image', 'support-bundle-schedule-0.1.0.tar')

/** What the CLI said and how it ended, on the node's cluster. */
export function cliOf(node: TestNode) {
  return (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, KUBECONFIG: node.info.kubeconfig }
      execFile(process.execPath, [CLI, ...args], { env, maxBuffer: 2 ** 26 }, (error, out, err) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
      )
    })
}

/** What an administrator adds to the manifests by kustomize. */
export interface Additions {
  /** more objects */
  resources?: object[]
  /** a JSON patch of the Deployment */
  deployment?: object[]
}

/**
 * The agent as a user installs it with kubectl, with a config of its own. Resolves when both replicas are ready and have it, also
 * where another test of this node had installed one before.
 */
export async function installAgent(
  node: TestNode,
  config: object = {},
  { resources = [], deployment = [] }: Additions = {},
): Promise<void> {
  await node.importImage(IMAGE)
  const folder = mkdtempSync(join(tmpdir(), 'overlay-'))
  mkdirSync(folder, { recursive: true })
  const patch = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: AGENT_NAME, namespace: AGENT_NAMESPACE },
    data: { 'config.yaml': JSON.stringify(config) },
  }
  const write = (name: string, content: object) => (writeFileSync(join(folder, name), JSON.stringify(content)), name)
  // Pods read their config once, at their start.
  const restart = [{ op: 'add', path: '/spec/template/metadata/annotations', value: { config: JSON.stringify(config) } }]
  const target = { kind: 'Deployment', name: AGENT_NAME }
  write('kustomization.yaml', {
    resources: [
      relative(folder, join(ROOT, 'manifests')),
      ...resources.map((resource, index) => write(`resource-${index}.yaml`, resource)),
    ],
    patches: [{ path: write('config.yaml', patch) }, { path: write('deployment.yaml', [...restart, ...deployment]), target }],
  })
  await node.kubectl(['apply', '-k', folder])
  await node.kubectl(['rollout', 'status', `deployment/${AGENT_NAME}`, '-n', AGENT_NAMESPACE, '--timeout=90s'])
  await node.readyPods(AGENT_NAMESPACE, `app.kubernetes.io/component=agent`, 2)
}

/** Removes what tests before left of agents and tenants, for a test that looks at the whole cluster. */
export async function cleanCluster(node: TestNode): Promise<void> {
  const gone = ['--ignore-not-found', '--wait=true', '--timeout=90s']
  await node.kubectl(['delete', 'namespaces', '-l', `${LABEL_ENABLED}=true`, ...gone])
  for (const part of ['policy', 'viewer', 'host-access', '.'])
    await node.kubectl(['delete', '-k', join(ROOT, 'manifests', part), ...gone])
}

/** The name of the pod that leads. */
export async function leader(node: TestNode): Promise<string> {
  const lease = await waitFor(
    'a leader',
    () =>
      node
        .get<{ spec: { holderIdentity?: string } }>('lease', AGENT_NAME, '-n', AGENT_NAMESPACE)
        .catch(() => ({ spec: { holderIdentity: '' } })),
    ({ spec }) => Boolean(spec.holderIdentity),
  )
  return lease.spec.holderIdentity?.split('_')[0] ?? ''
}
