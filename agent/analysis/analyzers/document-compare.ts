import { posix } from 'node:path'
import * as z from 'zod'
import { findJsonPath } from '../../../core/jsonpath/index.ts'
import { readYaml } from '../../specs/yaml-text.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { AnalyzerKind } from '../define.ts'
import { isSame, isSameUnordered, judgeTruth, valueAt } from '../document-path.ts'
import { ofFile } from '../gather.ts'
import { Text } from '../outcomes.ts'
import { parseJson } from '../shapes.ts'
import { fillTemplate } from '../text/template.ts'

const ICON = { iconKey: 'kubernetes_text_analyze', iconUri: 'https://troubleshoot.sh/images/analyzer-icons/text-analyze.svg' }
const FIELDS = {
  ...COMMON,
  collectorName: Text,
  fileName: Text,
  path: Text,
  value: z.union([Text, z.boolean().transform(String)]),
}

const fileOf = (collectorName: string, fileName: string): string => posix.join('/', collectorName, fileName).slice(1)

/** Whether the JSON file, or what is at `path` or `jsonPath` in it, is `value`. `when`: `true` or `false`. Messages are templates of the file. */
const define = (title: string): AnalyzerKind =>
  defineAnalyzer({
    schema: z.strictObject({ ...FIELDS, jsonPath: Text }),
    title: ({ collectorName }) => collectorName || title,
    icon: ICON,
    start({ collectorName, fileName, path, jsonPath, value, outcomes }, report) {
      const find = path === '' && jsonPath !== '' ? findJsonPath(jsonPath) : undefined
      const wanted = parseJson('value', new TextEncoder().encode(value))
      return ofFile(
        {
          path: fileOf(collectorName, fileName),
          read: parseJson,
          judge(document) {
            const found = find ? unwrapped(find(document)) : path === '' ? document : valueAt(document, path)
            const judgement = judgeTruth(outcomes, isSameUnordered(found, wanted))
            return [report({ ...judgement, message: fillTemplate(judgement.message, document) })]
          },
        },
        report,
      )
    },
  })

export const jsonCompare = define('Json Compare')

/** A path that finds one thing is compared with that thing, not with a list of it. */
const unwrapped = (found: unknown[]): unknown => (found.length === 1 ? found[0] : found)

/** Whether the YAML file, or what is at `path` in it, is `value`. `when`: `true` or `false`. Messages are templates of the file. */
export const yamlCompare = defineAnalyzer({
  schema: z.strictObject(FIELDS),
  title: ({ collectorName }) => collectorName,
  icon: ICON,
  start({ collectorName, fileName, path, value, outcomes }, report) {
    const wanted = parseYamlText(value, 'value')
    return ofFile(
      {
        path: fileOf(collectorName, fileName),
        read: (name, bytes) => parseYamlText(new TextDecoder().decode(bytes), name),
        judge(document) {
          const found = path === '' ? document : valueAt(document, path)
          const judgement = judgeTruth(outcomes, isSame(found, wanted))
          return [report({ ...judgement, message: fillTemplate(judgement.message, document) })]
        },
      },
      report,
    )
  },
})

/** Beyond this a text takes seconds. */
const MAX_YAML_LENGTH = 1024 * 1024

/** The first document of a text. Throws with its name. */
export function parseYamlText(text: string, name: string): unknown {
  if (text.length > MAX_YAML_LENGTH) throw new Error(`${name} is longer than ${MAX_YAML_LENGTH} characters`)
  const { values, problems } = readYaml(text, name)
  const error = problems.find(({ severity }) => severity === 'error')
  if (error) throw new Error(`${name} is not YAML: ${error.message}`)
  return values[0]?.value
}
