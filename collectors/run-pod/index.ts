import { CONTRACT, defineCollector } from '../../core/contract/index.ts'
import { POD_PERMISSIONS, podRun } from '../../core/contract/pods/index.ts'
import { RunPodConfig } from './schema.ts'

export default defineCollector<RunPodConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'run-pod',
    version: '1.0.0',
    summary: 'what a pod that the entry describes prints',
    specKey: 'runPod',
    permissions: POD_PERMISSIONS,
    outputs: ['cluster-resources/pods/logs', '$name', 'run-pod'],
  },
  configSchema: RunPodConfig,
  collect: (context) => podRun(context, context.config.podSpec, context.config.annotations),
})
