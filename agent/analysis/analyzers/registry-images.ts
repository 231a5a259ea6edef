import * as z from 'zod'
import { compare, wholeNumber, words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { AnalyzerKind, Icon } from '../define.ts'
import { ofFile } from '../gather.ts'
import { judge, Text } from '../outcomes.ts'
import { flag, readJson, text } from '../shapes.ts'
import { fillTemplate } from '../text/template.ts'

const Images = z.object({ images: z.record(z.string(), z.object({ exists: flag, error: text })).nullish() })
type Images = z.infer<typeof Images>

/** What messages of host analyzers are templates of. */
interface Summary {
  Verified: string[]
  Missing: string[]
  Errors: string[]
  UnverifiedReasons: Record<string, string>
}

interface Kind {
  title: (collectorName: string) => string
  folder: string
  icon?: Icon
  isTemplate: boolean
}

/** `when`: `verified|missing|errors <op> N`, numbers of images. */
const define = ({ title, folder, icon, isTemplate }: Kind): AnalyzerKind =>
  defineAnalyzer({
    schema: z.strictObject({ ...COMMON, collectorName: Text }),
    title: ({ collectorName }) => title(collectorName || 'images'),
    ...(icon ? { icon } : {}),
    start: ({ collectorName, outcomes }, report) =>
      ofFile(
        {
          path: `${folder}/${collectorName || 'images'}.json`,
          read: (path, bytes) => summaryOf(readJson(path, bytes, Images)),
          judge(summary) {
            const judgement = judge(outcomes, (when) => holds(when, summary))
            if (!judgement || !isTemplate) return [report(judgement)]
            return [report({ ...judgement, message: fillTemplate(judgement.message, summary) })]
          },
        },
        report,
      ),
  })

export const registryImages = define({
  title: (name) => name,
  folder: 'registry',
  icon: {
    iconKey: 'kubernetes_registry_analyze',
    iconUri: 'https://troubleshoot.sh/images/analyzer-icons/registry-analyze.svg',
  },
  isTemplate: false,
})
export const hostRegistryImages = define({
  title: () => 'Registry Images',
  folder: 'host-collectors/registry-images',
  isTemplate: true,
})

function summaryOf({ images }: Images): Summary {
  const all = Object.entries(images ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const names = (isOne: (image: { exists: boolean; error: string }) => boolean) =>
    all.filter(([, image]) => isOne(image)).map(([name]) => name)
  const reasons = all.flatMap(([name, { exists, error }]) =>
    error === '' && exists ? [] : [[name, error || 'image not found in registry']],
  )
  return {
    Verified: names(({ exists, error }) => exists && error === ''),
    Missing: names(({ exists, error }) => !exists && error === ''),
    Errors: names(({ error }) => error !== ''),
    UnverifiedReasons: Object.fromEntries(reasons) as Record<string, string>,
  }
}

function holds(when: string, { Verified, Missing, Errors }: Summary): boolean {
  const [subject, operator, wanted] = words(when.trim(), 3)
  const counts: Readonly<Record<string, number>> = { verified: Verified.length, missing: Missing.length, errors: Errors.length }
  const actual = Object.hasOwn(counts, subject) ? counts[subject] : undefined
  if (actual === undefined) throw new Error(`"${subject}" is unknown; use ${Object.keys(counts).join(', ')}`)
  return compare(actual, operator, wholeNumber(wanted))
}
