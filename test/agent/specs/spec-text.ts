import { parseDocuments } from '../../../agent/specs/parse.ts'

/** A SupportBundle document around the lines of its `spec`. The first of them is line 4. */
export const bundle = (...specLines: string[]): string =>
  ['apiVersion: troubleshoot.sh/v1beta2', 'kind: SupportBundle', 'spec:', ...specLines.map((line) => `  ${line}`), ''].join('\n')

/** Problems of a text, as `severity code line:column message`. */
export const problemsOf = (text: string): string[] =>
  parseDocuments(text, 'test').problems.map(
    ({ severity, code, message, line, column }) => `${severity} ${code} ${line}:${column} ${message}`,
  )
