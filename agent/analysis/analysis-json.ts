import type { AnalysisElement } from '../../core/task.ts'
import type { AnalyzeResult } from './analyzer.ts'

const SEVERITIES = { fail: 'error', warn: 'warn', pass: 'debug', none: '' } as const

/** Characters that Go's encoder writes as escapes so that the text can stand inside HTML and old JavaScript. */
const ESCAPED_BY_GO = new RegExp('[<>&\u2028\u2029]', 'g')

/** The text of analysis.json, byte for byte as the peer writes it for the same results. */
export function analysisJson(results: readonly AnalyzeResult[]): string {
  const text = JSON.stringify(analysisElements(results), undefined, 4)
  return text.replaceAll(ESCAPED_BY_GO, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The elements of analysis.json as values. */
export const analysisElements = (results: readonly AnalyzeResult[]): AnalysisElement[] => results.map(toElement)

function toElement({ title, message, verdict, iconKey, iconUri, involvedObject }: AnalyzeResult): AnalysisElement {
  const primary = title.toWellFormed()
  const detail = message.toWellFormed()
  const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.')
  const severity = SEVERITIES[verdict]
  // Go leaves out what is empty, except where the peer asks for it.
  const named = name === '' ? {} : { name }
  return {
    ...named,
    labels: { desiredPosition: '1', iconKey, iconUri },
    insight: { ...named, labels: { iconKey, iconUri }, primary, detail, ...(severity === '' ? {} : { severity }) },
    severity,
    analyzerSpec: '',
    ...(verdict === 'fail' && detail !== '' ? { error: detail } : {}),
    ...(involvedObject ? { involvedObject } : {}),
  }
}
