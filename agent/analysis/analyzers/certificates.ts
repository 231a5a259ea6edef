import * as z from 'zod'
import type { AnalyzerKind } from '../define.ts'
import { Certificate, judgeCertificate } from '../certificate-chains.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import { ofFile } from '../gather.ts'
import { Text } from '../outcomes.ts'
import { listOf, readJson, text } from '../shapes.ts'

const Collected = listOf(
  z.object({
    source: z.object({ configMap: text, secret: text, namespace: text }).nullish(),
    certificateChain: listOf(Certificate),
  }),
)
const HostCollected = listOf(z.object({ certificatePath: text, certificateChain: listOf(Certificate), message: text }))

/** One result a certificate; `when` of a warning: `notAfter < Today + N days`. */
export const certificates = defineAnalyzer({
  schema: z.strictObject(COMMON),
  title: () => 'Certificates Verification',
  start: ({ outcomes }, report, at) =>
    ofFile(
      {
        path: 'certificates/certificates.json',
        read: (path, bytes) => readJson(path, bytes, Collected),
        judge: (all) =>
          all.flatMap(({ source, certificateChain }) => {
            const { secret = '', configMap = '', namespace = '' } = source ?? {}
            const holder = secret === '' ? `${configMap} configmap` : `${secret} secret`
            const from = secret || configMap ? `obtained from ${holder} within ${namespace} namespace` : ''
            return certificateChain.flatMap((one) =>
              judgeCertificate(one, outcomes, at, (message, days) => `${one.certificate} ${message}${inDays(days)}, ${from}`).map(
                (found) => report(found),
              ),
            )
          }),
      },
      report,
    ),
})

/** The same of files of the host; one that is missing fails. */
export const certificatesCollection: AnalyzerKind = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, collectorName: Text }),
  title: () => 'Host Certificates Collection',
  start: ({ outcomes, collectorName }, report, at) => {
    const path = `host-collectors/certificatesCollection/${collectorName || 'certificatesCollection'}.json`
    return ofFile(
      {
        path,
        read: (_, bytes) => readJson(path, bytes, HostCollected),
        judge(all) {
          const results = all.flatMap(({ certificatePath, certificateChain, message: state }) => {
            const from = certificatePath === '' ? '' : `obtained from ${certificatePath}`
            if (state === 'cert-missing')
              return [report({ verdict: 'fail', message: `Certificate is missing, cannot be ${from}`, uri: '' })]
            return certificateChain.flatMap((one) =>
              judgeCertificate(one, outcomes, at, (message, days) => `${message}${inDays(days)}, ${from}`).map((found) =>
                report(found),
              ),
            )
          })
          return results.length > 0 ? results : [report({ verdict: 'warn', message: 'no results', uri: '' })]
        },
        ifMissing: () => {
          throw new Error(`${path} was not collected`)
        },
      },
      report,
    )
  },
})

const inDays = (days: number | undefined): string => (days === undefined ? '' : ` in ${days} days`)
