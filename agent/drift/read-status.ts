import type { JsonScan } from './json-scan.ts'

/** What a status tells of whether its object works. */
export interface Status {
  phase?: string
  /** of all containers */
  restarts?: number
  ready?: number
  /** of a kind that tells how many there should be, such as a DaemonSet */
  wanted?: number
  /** of a node, the version of its kubelet */
  version?: string
  /** those of `CONDITIONS` that there are, by type */
  conditions?: Map<string, string>
}

/** Conditions that tell whether an object works, the first that it has; other ones come and go while it does. */
const WORKING = ['Ready', 'Available', 'Complete', 'Failed', 'Established', 'Healthy', 'Programmed', 'Accepted'] as const
/** Conditions of nodes, told when they hold. */
const TROUBLE = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'] as const
const CONDITIONS: ReadonlySet<string> = new Set([...WORKING, ...TROUBLE])

type Reader = (scan: JsonScan, into: Status) => void

const readReady: Reader = (scan, into) => void (into.ready = scan.number() ?? into.ready ?? 0)

/** What is read of a status; nothing else of it counts: heartbeats, addresses, images that a node has, observed generations. */
const READERS: Readonly<Record<string, Reader>> = {
  phase: (scan, into) => void (into.phase = scan.text() ?? ''),
  conditions: readConditions,
  containerStatuses: readContainers,
  initContainerStatuses: readContainers,
  readyReplicas: readReady,
  numberReady: readReady,
  desiredNumberScheduled: (scan, into) => void (into.wanted = scan.number() ?? 0),
  nodeInfo(scan, into) {
    if (!scan.enterObject()) return
    while (scan.nextKey())
      if (scan.isKey('kubeletVersion')) into.version = scan.text() ?? ''
      else scan.skip()
  },
}

/** Reads the status that comes next. */
export function readStatus(scan: JsonScan, into: Status): void {
  if (!scan.enterObject()) return
  while (scan.nextKey()) {
    const key = scan.key()
    const read = Object.hasOwn(READERS, key) ? READERS[key] : undefined
    if (read) read(scan, into)
    else scan.skip()
  }
}

function readConditions(scan: JsonScan, into: Status): void {
  if (!scan.enterList()) return
  while (scan.nextItem()) {
    if (!scan.enterObject()) continue
    let [type, status] = ['', '']
    while (scan.nextKey())
      if (scan.isKey('type')) type = scan.text() ?? ''
      else if (scan.isKey('status')) status = scan.text() ?? ''
      else scan.skip()
    if (CONDITIONS.has(type)) (into.conditions ??= new Map()).set(type, status)
  }
}

function readContainers(scan: JsonScan, into: Status): void {
  into.restarts ??= 0
  if (!scan.enterList()) return
  while (scan.nextItem()) {
    if (!scan.enterObject()) continue
    while (scan.nextKey())
      if (scan.isKey('restartCount')) into.restarts += scan.number() ?? 0
      else scan.skip()
  }
}

/** In words: `Running, not Ready`, `Ready, v1.34.0`, `Bound`; '' when the status says nothing. */
export function stateOf({ phase, conditions, version }: Status, isDeleting: boolean): string {
  const holds = (type: string) => conditions?.get(type) === 'True'
  const known = WORKING.find((type) => conditions?.has(type))
  const working = known === undefined ? [] : [holds(known) ? known : `not ${known}`]
  const parts = [phase ?? '', ...working, ...TROUBLE.filter(holds), version ?? '', isDeleting ? 'being deleted' : '']
  return parts.filter((part) => part !== '').join(', ')
}

export const isReady = ({ conditions }: Status): boolean => conditions?.get('Ready') === 'True'
