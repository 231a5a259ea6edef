import * as z from 'zod'
import { compare, words } from '../comparison.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { AnalyzerKind } from '../define.ts'
import { readTruth } from '../document-path.ts'
import { ofFile } from '../gather.ts'
import { judge, Text } from '../outcomes.ts'
import { compareVersions, parseTolerantVersion } from '../semver.ts'
import { flag, readJson, text } from '../shapes.ts'

const Connection = z.object({ isConnected: flag, error: text, version: text })
type Connection = z.infer<typeof Connection>

type Order = (actual: string, wanted: string) => number

/** Versions of three numbers. */
const semver: Order = (actual, wanted) => compareVersions(parseTolerantVersion(actual), parseTolerantVersion(wanted))

/** Versions of any number of numbers: 15.0.2000.1565. */
const segments: Order = (actual, wanted) => {
  const [a, b] = [actual, wanted].map((version) => {
    if (!/^v?\d+(?:\.\d+)*$/.test(version)) throw new Error(`"${version}" is not a version`)
    return version.replace('v', '').split('.').map(Number)
  })
  const length = Math.max(a?.length ?? 0, b?.length ?? 0)
  for (let at = 0; at < length; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

interface Database {
  key: string
  /** '' = none */
  icon: string
  order: Order
  /** a failure tells what went wrong while connecting */
  tellsError: boolean
}

/** `when`: `connected <op> true|false`, `version <op> <version>`, where an x in it is 0. */
const database = ({ key, icon, order, tellsError }: Database): AnalyzerKind =>
  defineAnalyzer({
    schema: z.strictObject({ ...COMMON, collectorName: Text, fileName: Text }),
    title: ({ collectorName }) => collectorName || key,
    icon: {
      iconKey: icon && `kubernetes_${icon}_analyze`,
      iconUri: icon && `https://troubleshoot.sh/images/analyzer-icons/${icon}-analyze.svg`,
    },
    start: ({ collectorName, outcomes }, report) =>
      ofFile(
        {
          path: `${key}/${collectorName || key}.json`,
          read: (path, bytes) => readJson(path, bytes, Connection),
          judge(connection) {
            let isByCondition = false
            const judgement = judge(outcomes, (when) => (isByCondition = holds(when, connection, order)))
            const isTold = tellsError && isByCondition && judgement?.verdict === 'fail' && connection.error !== ''
            return [
              report(judgement && (isTold ? { ...judgement, message: `${judgement.message} ${connection.error}` } : judgement)),
            ]
          },
        },
        report,
      ),
  })

function holds(when: string, { isConnected, version }: Connection, order: Order): boolean {
  const [subject, operator, wanted] = words(when.trim(), 3)
  if (subject === 'connected') return compare(Number(isConnected), equality(operator), Number(readTruth(wanted)))
  if (subject !== 'version') throw new Error(`"${subject}" is unknown; use connected or version`)
  return compare(order(version.replaceAll('x', '0'), wanted.replaceAll('x', '0')), operator, 0)
}

function equality(operator: string): string {
  if (!/^(?:={1,3}|!==?)$/.test(operator)) throw new Error(`unknown operator "${operator}"; known are = == === != !==`)
  return operator
}

export const postgres = database({ key: 'postgres', icon: 'postgres', order: semver, tellsError: true })
export const mysql = database({ key: 'mysql', icon: 'mysql', order: semver, tellsError: false })
export const redis = database({ key: 'redis', icon: 'redis', order: semver, tellsError: false })
export const mssql = database({ key: 'mssql', icon: '', order: segments, tellsError: true })
export const clickhouse = database({ key: 'clickhouse', icon: 'clickhouse', order: segments, tellsError: true })
export const s3Status = database({ key: 's3Status', icon: 's3', order: semver, tellsError: true })
