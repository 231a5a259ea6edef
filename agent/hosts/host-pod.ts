import { TASK_ENV, TASK_ON_STDOUT } from '../../core/task-child.ts'

/** Where the machine's root is mounted. */
export const HOST_ROOT = '/host'
export const CONTAINER = 'host'
/** Of the image: nothing of the request stands in it, or in the pod, or on the node. */
export const TASK_COMMAND = ['/usr/bin/node', '/app/lib/task.js']

const HEAP_MB = 256

/** What a runtime says of such a node. */
export const NO_PROPAGATION = /not a shared or slave mount/

/**
 * A pod that looks at one node as its root user would. It does nothing but wait: the work is a command that is run in it, and what it
 * is to do comes on that command's input.
 *
 * @param seconds how long it waits
 * @param propagation `HostToContainer`: what the node unmounts goes away in the pod too, instead of being held there. A node whose
 *   root is a private mount refuses that.
 */
export function hostPod(node: string, image: string, seconds: number, propagation: 'HostToContainer' | 'None'): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `host-${node}`.replaceAll('.', '-'),
      labels: { 'app.kubernetes.io/name': 'support-bundle-schedule', 'app.kubernetes.io/component': 'host' },
    },
    spec: {
      // Not by the scheduler: a node that is full or cordoned is one to look at.
      nodeName: node,
      tolerations: [{ operator: 'Exists' }],
      hostPID: true,
      hostNetwork: true,
      hostIPC: true,
      dnsPolicy: 'Default',
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      containers: [
        {
          name: CONTAINER,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/usr/bin/sleep', String(seconds)],
          env: [
            { name: TASK_ENV, value: TASK_ON_STDOUT },
            { name: 'NODE_OPTIONS', value: `--max-old-space-size=${HEAP_MB}` },
          ],
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '512Mi' } },
          securityContext: { privileged: true, runAsUser: 0, runAsGroup: 0, runAsNonRoot: false, readOnlyRootFilesystem: true },
          volumeMounts: [{ name: 'host', mountPath: HOST_ROOT, readOnly: true, mountPropagation: propagation }],
        },
      ],
      volumes: [{ name: 'host', hostPath: { path: '/', type: 'Directory' } }],
    },
  }
}
