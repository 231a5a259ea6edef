import { posix } from 'node:path'
import * as z from 'zod'
import { compare, wholeNumber } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { AnalyzerKind, Report } from '../define.ts'
import { readTruth } from '../document-path.ts'
import { branchOf, evaluate, judge, Text } from '../outcomes.ts'
import type { Judgement, Outcome, Verdict } from '../outcomes.ts'
import { boundedExec } from '../../go-regexp/bounded.ts'
import { compileGlob, hasWildcard } from '../text/glob.ts'
import { compileGoRegexp } from '../../go-regexp/go-regexp.ts'
import { fillTemplate, templateProblem } from '../text/template.ts'

/** Wall time that one expression may take on one file. Ordinary ones need milliseconds for a megabyte. */
const MATCH_BUDGET_MS = 5000

const ICON = { iconKey: 'kubernetes_text_analyze', iconUri: 'https://troubleshoot.sh/images/analyzer-icons/text-analyze.svg' }
const GROUPS_ICON = { ...ICON, iconUri: `${ICON.iconUri}?w=13&h=16` }

const Config = z.strictObject({
  ...COMMON,
  collectorName: Text,
  fileName: Text,
  regex: Text,
  regexGroups: Text,
  ignoreIfNoFiles: z.boolean().nullish(),
  excludeFiles: z.array(Text).nullish(),
})

/** Looks for a regular expression in every file whose path matches; one result a file, in the order of their paths. */
const define = (defaultTitle: (collectorName: string) => string): AnalyzerKind =>
  defineAnalyzer({
    schema: Config,
    title: ({ collectorName }) => defaultTitle(collectorName),
    icon: ICON,
    notes: ({ regexGroups, outcomes }) =>
      outcomes
        .flatMap((outcome) => branchOf(outcome)?.message ?? [])
        .filter((message) => regexGroups !== '' && templateProblem(message) !== undefined)
        .map((message) => `the message "${message}" cannot be filled and is shown as it is: ${templateProblem(message)}`),
    start(config, report) {
      const { collectorName, outcomes } = config
      const isWanted = compileGlob(pathPattern(collectorName, config.fileName))
      const excluded = (config.excludeFiles ?? []).map((name) => compileGlob(pathPattern(collectorName, name)))
      const checks = [
        ...(config.regex === '' ? [] : [wholeCheck(config.regex, outcomes, report)]),
        ...(config.regexGroups === '' ? [] : [groupsCheck(config.regexGroups, outcomes, report)]),
      ]
      const results = new Map<string, ReturnType<Report>[]>()
      return {
        wants: (path) => isWanted(path) && !excluded.some((matches) => matches(path)),
        file(path, bytes) {
          const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
          results.set(
            path,
            checks.map((check) => check(text)),
          )
        },
        finish() {
          if (results.size === 0)
            return config.ignoreIfNoFiles ? [] : [report({ verdict: 'warn', message: 'No matching files', uri: '' })]
          if (checks.length === 0) return [report({ verdict: 'fail', message: 'Invalid analyzer', uri: '' })]
          const sorted = [...results].sort(([a], [b]) => (a < b ? -1 : 1))
          return checks.flatMap((_, index) => sorted.flatMap(([, found]) => found[index] ?? []))
        },
      }
    },
  })

export const textAnalyze = define((collectorName) => collectorName || 'textAnalyze')
export const hostTextAnalyze = define(() => 'Regular Expression')

/** Output of `exec` collectors lies two folders deeper, `<namespace>/<pod>/`; specs name it without them. */
function pathPattern(collectorName: string, fileName: string): string {
  const isExecOutput = /-(?:stdout\.txt|stderr\.txt|errors\.json)$/.test(fileName)
  const isLiteral = !hasWildcard(collectorName) && !hasWildcard(fileName)
  return posix.join('/', collectorName, isExecOutput && isLiteral ? '*/*' : '', fileName).slice(1)
}

type Check = (text: string) => ReturnType<Report>

/** `when`: whether the expression matches; absent = `true` for pass, `false` for the others. Every outcome is looked at. */
export function wholeCheck(pattern: string, outcomes: readonly Outcome[], report: Report): Check {
  const { regexp } = compileGoRegexp(pattern)
  return (text) => {
    const isMatch = boundedExec(regexp, text, MATCH_BUDGET_MS) !== null
    const applying = outcomes.flatMap((outcome) => {
      const branch = branchOf(outcome)
      return branch && evaluate(branch.when || String(branch.verdict === 'pass'), (when) => readTruth(when) === isMatch)
        ? [branch]
        : []
    })
    const last = applying.at(-1)
    return report(last && { verdict: verdictOf(applying), message: last.message, uri: last.uri })
  }
}

/** The last outcome that applies gives the message, but the severity is that of the worst. */
function verdictOf(applying: readonly Judgement[]): Verdict {
  return (['fail', 'warn', 'pass'] as const).find((verdict) => applying.some((branch) => branch.verdict === verdict)) ?? 'pass'
}

/** `when`: `<group> <op> <value>`, compared as whole numbers if the value is one; absent = always. The first that holds counts. */
export function groupsCheck(pattern: string, outcomes: readonly Outcome[], report: Report): Check {
  const { regexp, names } = compileGoRegexp(pattern)
  return (text) => {
    const match = boundedExec(regexp, text, MATCH_BUDGET_MS)
    const groups = new Map(
      match ? names.flatMap((name, index) => (name === '' ? [] : [[name, match[index] ?? ''] as const])) : [],
    )
    const judgement = judge(outcomes, (when) => groupHolds(when, groups))
    const message = judgement && fillTemplate(judgement.message, Object.fromEntries(groups))
    return report(judgement && { ...judgement, message: message ?? '' }, GROUPS_ICON)
  }
}

function groupHolds(when: string, groups: ReadonlyMap<string, string>): boolean {
  const parts = when.trim().split(' ')
  const [name = '', operator = '', value = ''] = parts
  if (parts.length !== 3) throw new Error(`it must be like "Group == value"`)
  const found = groups.get(name)
  if (found === undefined) return false
  const isNumber = (text: string) => /^[+-]?\d{1,18}$/.test(text)
  if (isNumber(value)) return isNumber(found) && compare(wholeNumber(found), operator, wholeNumber(value))
  if (!/^={1,3}$/.test(operator)) throw new Error(`texts can only be compared with ==, not "${operator}"`)
  return found === (value === "''" || value === '""' ? '' : value)
}
