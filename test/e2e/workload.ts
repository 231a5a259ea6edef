import { WORKLOAD_IMAGE } from './images.ts'

interface WorkloadOptions {
  /** default 1 */
  replicas?: number
  /** stands in each log line and on the page that it serves; default `hello` */
  says?: string
  /** commands of its shell before it begins */
  first?: string
}

/** Who restricted pods run as. */
const USER_ID = 65_532

/**
 * A Deployment whose pods, label app=<name>, write a line a second to their log and serve a page on port 8080. They end at once on
 * SIGTERM.
 */
export function aWorkload(name: string, { replicas = 1, says = 'hello', first = ':' }: WorkloadOptions = {}) {
  const script = [
    'trap exit TERM',
    first,
    'echo "$SAYS" > /tmp/index.html',
    'httpd -p 8080 -h /tmp',
    'i=0; while :; do i=$((i + 1)); echo "line $i: $SAYS"; sleep 1 & wait $!; done',
  ].join('\n')
  const labels = { app: name }
  const container = {
    name: 'main',
    image: WORKLOAD_IMAGE,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script],
    env: [{ name: 'SAYS', value: says }],
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container], volumes: [{ name: 'tmp', emptyDir: {} }] } },
    },
  }
}

/** The same, as pod security `restricted` wants it. */
export function restricted(deployment: ReturnType<typeof aWorkload>) {
  const { spec, ...rest } = structuredClone(deployment)
  const pod = spec.template.spec
  const securityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  }
  return {
    ...rest,
    spec: {
      ...spec,
      template: {
        ...spec.template,
        spec: {
          ...pod,
          containers: pod.containers.map((container) => ({ ...container, securityContext })),
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER_ID,
            runAsGroup: USER_ID,
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      },
    },
  }
}
