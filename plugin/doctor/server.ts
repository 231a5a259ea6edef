import type { Check, Finding, Patient } from './finding.ts'

/** manifests/policy needs it, and older ones are out of support. */
const OLDEST_MINOR = 30
/** As long as a Lease: more, and instants that machines tell each other mislead. */
const SKEW_MS = 30_000

/** The API server answers, in a version that is supported, and its clock agrees with ours. */
export const server: Check = {
  name: 'the API server',
  async find(patient: Patient) {
    const { client, edge } = patient
    const sentAt = edge.clock.now().getTime()
    const { headers, body } = await client.request({ path: '/version', signal: edge.signal })
    const pieces: Buffer[] = []
    for await (const piece of body) pieces.push(piece)
    const receivedAt = edge.clock.now().getTime()
    const told = Date.parse(headers.date ?? '')
    patient.skewMs = Number.isNaN(told) ? 0 : skew(told, sentAt, receivedAt)
    const version = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { major?: string; minor?: string; gitVersion?: string }
    return [...tooOld(version), ...clockFindings(patient.skewMs)]
  },
}

/** The header tells whole seconds, cut off: a difference below that is none. */
function skew(toldMs: number, sentMs: number, receivedMs: number): number {
  if (toldMs + 1000 < sentMs) return toldMs + 1000 - sentMs
  return toldMs > receivedMs ? toldMs - receivedMs : 0
}

function tooOld({ major = '', minor = '', gitVersion = '' }: { major?: string; minor?: string; gitVersion?: string }): Finding[] {
  const number = Number.parseInt(minor, 10)
  if (major !== '1' || Number.isNaN(number) || number >= OLDEST_MINOR) return []
  return [
    {
      code: 'SERVER_TOO_OLD',
      severity: 'warning',
      what: `the API server is ${gitVersion}`,
      why: `Kubernetes 1.${OLDEST_MINOR} and newer are supported: manifests/policy is not known to older ones`,
      fix: 'upgrade the cluster',
    },
  ]
}

function clockFindings(skewMs: number): Finding[] {
  if (Math.abs(skewMs) < SKEW_MS) return []
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  return [
    {
      code: 'CLOCK_SKEW',
      severity: 'warning',
      what: `the clock of this machine is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} that of the API server`,
      why: 'next runs and ages that are shown here are wrong by that',
      fix: 'timedatectl set-ntp true',
    },
  ]
}
