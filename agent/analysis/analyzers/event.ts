import * as z from 'zod'
import { COMMON, defineAnalyzer } from '../define.ts'
import { readTruth } from '../document-path.ts'
import { ofFile } from '../gather.ts'
import { rawItems } from '../list-items.ts'
import { judge, Text } from '../outcomes.ts'
import { fit, text } from '../shapes.ts'
import { boundedExec } from '../../go-regexp/bounded.ts'
import { compileGoRegexp } from '../../go-regexp/go-regexp.ts'
import { GoStruct } from '../text/go-value.ts'
import { fillTemplate } from '../text/template.ts'

const MATCH_BUDGET_MS = 1000
const Event = z.object({ reason: text, message: text, involvedObject: z.object({ kind: text }).nullish() })

/** `when`: `true` or `false`: whether there is such an event. Messages are templates of the first one. */
export const event = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, collectorName: Text, namespace: Text, kind: Text, reason: Text, regex: Text }),
  title: ({ collectorName }) => collectorName || 'Event',
  icon: {
    iconKey: 'kubernetes_event',
    iconUri: 'https://troubleshoot.sh/images/analyzer-icons/kubernetes.svg?w=16&h=16',
  },
  start({ namespace, kind, reason, regex, outcomes }, report) {
    if (reason === '') throw new Error('reason is required')
    const expression = regex === '' ? undefined : compileGoRegexp(regex).regexp
    const isAlike = (actual: string, wanted: string) => wanted === '' || actual.toLowerCase() === wanted.toLowerCase()
    const isIt = (found: z.infer<typeof Event>) =>
      isAlike(found.reason, reason) &&
      isAlike(found.involvedObject?.kind ?? '', kind) &&
      (!expression || boundedExec(expression, found.message, MATCH_BUDGET_MS) !== null)
    return ofFile(
      {
        path: `cluster-resources/events/${namespace || 'default'}.json`,
        read(path, bytes) {
          for (const raw of rawItems(path, bytes)) if (isIt(fit(path, raw, Event))) return { raw }
          return undefined
        },
        judge(found) {
          const judgement = judge(outcomes, (when) => readTruth(when) === (found !== undefined))
          if (!judgement || !found) return [report(judgement)]
          return [report({ ...judgement, message: fillTemplate(judgement.message, new GoStruct(found.raw as object)).trim() })]
        },
      },
      report,
    )
  },
})
