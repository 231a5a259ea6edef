import * as z from 'zod'
import { COMMON, defineAnalyzer } from './define.ts'
import type { AnalyzerKind, Icon } from './define.ts'
import { judge, Text } from './outcomes.ts'
import type { Judgement, Outcome } from './outcomes.ts'
import { readJson } from './shapes.ts'

const Config = z.strictObject({ ...COMMON, collectorName: Text })
type Config = z.infer<typeof Config>

interface JsonFile<Content> {
  title: (config: Config) => string
  icon?: Icon
  /** of the file that is judged */
  path: (config: Config) => string
  content: z.ZodType<Content>
  /** whether a condition holds for that file; throws for a condition that cannot be read */
  holds: (when: string, content: Content) => boolean
  /** for analyzers that do not stop at the first outcome that holds */
  judgeAll?: (outcomes: readonly Outcome[], holds: (when: string) => boolean) => Judgement[]
  /** what it means that the collector left no file: by default the check is skipped, with a warning */
  isMissingFailure?: boolean
}

/** An analyzer that judges the JSON file of one collector by the conditions of its outcomes. */
export function jsonFileAnalyzer<Content>(definition: JsonFile<Content>): AnalyzerKind {
  return defineAnalyzer({
    schema: Config,
    title: definition.title,
    ...(definition.icon ? { icon: definition.icon } : {}),
    start(config, report) {
      const wanted = definition.path(config)
      let found: { content: Content } | undefined
      return {
        wants: (path) => path === wanted,
        file(_, bytes) {
          found = { content: readJson(wanted, bytes, definition.content) }
        },
        finish() {
          if (!found) {
            if (definition.isMissingFailure) throw new Error(`${wanted} was not collected`)
            return [report({ verdict: 'warn', message: `Not checked: ${wanted} was not collected`, uri: '' })]
          }
          const { content } = found
          const holds = (when: string) => definition.holds(when, content)
          const all = definition.judgeAll?.(config.outcomes, holds) ?? [judge(config.outcomes, holds)]
          return all.map((judgement) => report(judgement))
        },
      }
    },
  })
}
