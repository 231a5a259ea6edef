import * as z from 'zod'
import { COMMON, defineAnalyzer } from '../define.ts'
import { gather, ofFile } from '../gather.ts'
import { Text } from '../outcomes.ts'
import type { Outcome } from '../outcomes.ts'
import { flag, readJson, text } from '../shapes.ts'
import { compileGlob } from '../text/glob.ts'
import { lastOutcome } from './existence.ts'

const ICON = {
  iconKey: 'kubernetes_analyze_secret',
  iconUri: 'https://troubleshoot.sh/images/analyzer-icons/secret.svg?w=13&h=16',
}
const Collected = z.object({ key: text, secretExists: flag, configMapExists: flag, keyExists: flag })

/** `<folder>/<namespace>/<name>[/<key>].json`; empty parts are left out. */
const fileOf = (...parts: string[]): string => `${parts.filter(Boolean).join('/')}.json`

function judgeKey(
  { key, keyExists }: z.infer<typeof Collected>,
  exists: boolean,
  wanted: string,
  outcomes: readonly Outcome[],
  what: string,
) {
  const isThere = exists && (wanted === '' || (key === wanted && keyExists))
  const verdict = isThere ? 'pass' : 'fail'
  return lastOutcome(outcomes, verdict) ?? { verdict, message: isThere ? '' : `The ${what} was not found`, uri: '' }
}

/** Whether the Secret, and its key if one is named, was there when its collector looked. */
export const secret = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, secretName: Text, namespace: Text, key: Text }),
  title: ({ secretName }) => `Secret ${secretName}`,
  icon: ICON,
  start: ({ secretName, namespace, key, outcomes }, report) =>
    ofFile(
      {
        path: fileOf('secrets', namespace, secretName, key),
        read: (path, bytes) => readJson(path, bytes, Collected),
        judge: (found) => [report(judgeKey(found, found.secretExists, key, outcomes, `secret "${secretName}"`))],
      },
      report,
    ),
})

/** Whether the ConfigMap, and its key if one is named, was there when its collector looked. */
export const configMap = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, configMapName: Text, namespace: Text, key: Text }),
  title: ({ configMapName }) => `ConfigMap ${configMapName}`,
  icon: ICON,
  start: ({ configMapName, namespace, key, outcomes }, report) =>
    ofFile(
      {
        path: fileOf('configmaps', namespace, configMapName, key),
        read: (path, bytes) => readJson(path, bytes, Collected),
        judge: (found) => [report(judgeKey(found, found.configMapExists, key, outcomes, `config map "${configMapName}"`))],
      },
      report,
    ),
})

/** Whether some pull secret of the cluster is for the registry. */
export const imagePullSecret = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, registryName: Text }),
  title: () => 'Image Pull Secrets',
  icon: {
    iconKey: 'kubernetes_image_pull_secret',
    iconUri: 'https://troubleshoot.sh/images/analyzer-icons/image-pull-secret.svg?w=16&h=14',
  },
  start: ({ registryName, outcomes }, report) =>
    gather({
      wants: compileGlob('cluster-resources/image-pull-secrets/*/*.json'),
      read: (path, bytes) => Object.hasOwn(readJson(path, bytes, z.record(z.string(), z.unknown())), registryName),
      judge(found) {
        const verdict = found.includes(true) ? 'pass' : 'fail'
        const { message = '', uri = '' } = lastOutcome(outcomes, verdict) ?? {}
        const told = `Credentials to pull from: ${registryName} ${verdict === 'pass' ? '' : 'not '}found`
        return [report({ verdict, message: message || told, uri })]
      },
    }),
})
