import * as z from 'zod'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { AnalyzerKind, Icon } from '../define.ts'
import { ofFile } from '../gather.ts'
import { listItems } from '../list-items.ts'
import { Text } from '../outcomes.ts'
import type { Judgement, Outcome, Verdict } from '../outcomes.ts'
import { Meta } from '../shapes.ts'

const Named = z.object({ metadata: Meta })
type Named = z.infer<typeof Named>

const icon = (name: string, file: string): Icon => ({
  iconKey: `kubernetes_${name}`,
  iconUri: `https://troubleshoot.sh/images/analyzer-icons/${file}`,
})

/** The last outcome of a verdict, whatever its condition: existence has none. */
export const lastOutcome = (outcomes: readonly Outcome[], verdict: Verdict) => {
  const found = outcomes.findLast((outcome) => outcome[verdict])?.[verdict]
  return found ? { verdict, message: found.message, uri: found.uri } : undefined
}

interface Class {
  /** in words, of titles */
  word: string
  file: string
  annotation: string
  icon: Icon
}

/** Whether a class of that name exists; without a name, whether one is the default. */
function classExists(field: string, kind: Class): AnalyzerKind {
  const path = `cluster-resources/${kind.file}.json`
  const words = titled(kind.word)
  const nameOf = (config: object): string => {
    const name = (config as Record<string, unknown>)[field]
    return typeof name === 'string' ? name : ''
  }
  return defineAnalyzer({
    schema: z.strictObject({ ...COMMON, [field]: Text }),
    title: (config) => (nameOf(config) === '' ? `Default ${words}` : `${kind.word} ${nameOf(config)}`),
    icon: kind.icon,
    start(config, report) {
      const name = nameOf(config)
      const isIt = ({ metadata }: Named) =>
        name === '' ? metadata.annotations[kind.annotation] === 'true' : metadata.name === name
      return ofFile(
        {
          path,
          read: (_, bytes) => hasItem(path, bytes, isIt),
          judge(isThere) {
            const verdict = isThere ? 'pass' : 'fail'
            const judgement = lastOutcome(config.outcomes, verdict) ?? { verdict, message: '', uri: '' }
            const told = name === '' ? `${isThere ? '' : 'No '}Default ${words} found` : ''
            return [report({ ...judgement, message: judgement.message || told })]
          },
        },
        report,
      )
    },
  })
}

function hasItem(path: string, bytes: Uint8Array, isIt: (item: Named) => boolean): boolean {
  for (const item of listItems(path, bytes, Named)) if (isIt(item)) return true
  return false
}

const titled = (word: string): string => word.replaceAll(/\b\w/g, (letter) => letter.toUpperCase())

export const storageClass = classExists('storageClassName', {
  word: 'Storage class',
  file: 'storage-classes',
  annotation: 'storageclass.kubernetes.io/is-default-class',
  icon: icon('storage_class', 'storage-class.svg?w=12&h=12'),
})

export const ingressClass = classExists('ingressClassName', {
  word: 'Ingress class',
  file: 'ingress-classes',
  annotation: 'ingressclass.kubernetes.io/is-default-class',
  icon: icon('ingress_class', 'ingress-class.svg?w=12&h=12'),
})

/** Whether the definition exists. One that does not is what the spec's fail or warn outcome makes of it. */
export const customResourceDefinition = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, customResourceDefinitionName: Text }),
  title: ({ customResourceDefinitionName: name }) => `Custom resource definition ${name}`,
  icon: icon('custom_resource_definition', 'custom-resource-definition.svg?w=13&h=16'),
  start: ({ customResourceDefinitionName: name, outcomes }, report) =>
    ofFile(
      {
        path: 'cluster-resources/custom-resource-definitions.json',
        read: (path, bytes) => hasItem(path, bytes, ({ metadata }) => metadata.name === name),
        judge: (isThere) => [report(isThere ? (lastOutcome(outcomes, 'pass') ?? PASS) : absent(outcomes))],
      },
      report,
    ),
})

const PASS: Judgement = { verdict: 'pass', message: '', uri: '' }

function absent(outcomes: readonly Outcome[]): Judgement | undefined {
  return lastOutcome(outcomes, 'fail') ?? lastOutcome(outcomes, 'warn')
}

export const ingress = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, ingressName: Text, namespace: Text }),
  title: ({ ingressName }) => `Ingress ${ingressName}`,
  icon: icon('ingress', 'ingress-controller.svg?w=20&h=13'),
  start: ({ ingressName, namespace, outcomes }, report) =>
    ofFile(
      {
        path: `cluster-resources/ingress/${namespace}.json`,
        read: (path, bytes) => hasItem(path, bytes, ({ metadata }) => metadata.name === ingressName),
        judge: (isThere) => {
          const verdict = isThere ? 'pass' : 'fail'
          return [report(lastOutcome(outcomes, verdict) ?? { verdict, message: '', uri: '' })]
        },
      },
      report,
    ),
})
