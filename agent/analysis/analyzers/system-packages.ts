import * as z from 'zod'
import type { AnalyzeResult } from '../analyzer.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import { readTruth } from '../document-path.ts'
import { ofFile } from '../gather.ts'
import { judge, Text } from '../outcomes.ts'
import { listOf, readJson, text } from '../shapes.ts'
import { fillTemplate, renderTemplate } from '../text/template.ts'

const Package = z.object({ name: text, details: text, exitCode: text, error: text })
type Package = z.infer<typeof Package>
const Collected = z.object({ os: text, osVersion: text, packages: listOf(Package) })

/**
 * One result a package that an outcome applies to. `when` and messages are templates, of Name, IsInstalled, Error, ExitCode,
 * OS, OSVersion, OSVersionMajor, OSVersionMinor and the fields of the package's details; `when` must come out as a bool.
 */
export const systemPackages = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, collectorName: Text }),
  title: () => 'System Packages',
  start: ({ collectorName, outcomes }, report) =>
    ofFile(
      {
        path: `host-collectors/system/${collectorName || 'packages'}-packages.json`,
        read: (path, bytes) => readJson(path, bytes, Collected),
        judge({ os, osVersion, packages }) {
          const results = packages.flatMap((one): AnalyzeResult[] => {
            const data = dataOf(one, os, osVersion)
            const judgement = judge(outcomes, (when) => readTruth(renderTemplate(when, data)))
            return judgement ? [report({ ...judgement, message: fillTemplate(judgement.message, data) })] : []
          })
          return results.length > 0 ? results : [report(undefined)]
        },
      },
      report,
    ),
})

function dataOf(one: Package, os: string, osVersion: string): Record<string, unknown> {
  const [major, minor] = osVersion.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : 0))
  return {
    OS: os,
    OSVersion: osVersion,
    OSVersionMajor: major ?? 0,
    OSVersionMinor: minor ?? 0,
    Name: one.name,
    Error: one.error,
    ExitCode: one.exitCode,
    IsInstalled: one.error === '' && one.exitCode === '0' && !/not installed|No matching Packages/.test(one.details),
    ...detailsOf(one.details),
  }
}

/** Lines `Name: value` of dpkg and yum. */
function detailsOf(details: string): Record<string, string> {
  const pairs = details.split('\n').flatMap((line) => {
    const [, key = '', value = ''] = /^(\p{Lu}[^:]*):(.*)$/u.exec(line) ?? []
    const name = key.replaceAll(/[ -]/g, '')
    return name === '' || value.trim() === '' ? [] : [[name, value.trim()] as const]
  })
  return Object.fromEntries(pairs)
}
