import { CONTRACT, defineCollector } from '../../core/contract/index.ts'
import { POD_PERMISSIONS, podRun } from '../../core/contract/pods/index.ts'
import { RunConfig } from './schema.ts'

export default defineCollector<RunConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'run',
    version: '1.0.0',
    summary: 'what a pod of an image prints',
    specKey: 'run',
    permissions: POD_PERMISSIONS,
    outputs: ['cluster-resources/pods/logs', '$name', 'run-pod'],
  },
  configSchema: RunConfig,
  collect: (context) => podRun(context, specOf(context.config)),
})

function specOf({ image, imagePullPolicy, command, args, serviceAccountName }: RunConfig): Record<string, unknown> {
  const policy = imagePullPolicy || 'IfNotPresent'
  return {
    restartPolicy: 'Never',
    serviceAccountName: serviceAccountName || 'default',
    containers: [{ name: 'collector', image, imagePullPolicy: policy, command, args }],
  }
}
