import type { AutoProfile } from '../../core/auto-profile.ts'
import { isRecord } from './document.ts'
import type { ListName } from './document.ts'

export type Config = Record<string, unknown>

/** What is known when a profile is expanded. */
export interface Asked {
  profile: AutoProfile
  /** where entries look that name none; `['*']` = wherever they may */
  namespaces: readonly string[]
  /** the spec's own entries of this key. One that is excluded counts: it says that this is not wanted. */
  given: readonly { config: Config; isExcluded: boolean }[]
}

/** One thing that profiles add to a spec. */
export interface Addition {
  list: ListName
  key: string
  /** the smallest profile that has it; those above have it too */
  from: AutoProfile
  /** the entries to add; none when the given ones cover them */
  entries(asked: Asked): Config[]
}

/** Lines and bytes of each log. The widest limits that any entry names hold for all of them. */
const LOG_LIMITS: Readonly<Record<AutoProfile, { maxLines: number; maxBytes: number }>> = {
  minimal: { maxLines: 10_000, maxBytes: 5_000_000 },
  standard: { maxLines: 10_000, maxBytes: 5_000_000 },
  comprehensive: { maxLines: 10_000, maxBytes: 5_000_000 },
  paranoid: { maxLines: 100_000, maxBytes: 50_000_000 },
}

/** Helm keeps its releases in Secrets with this label, which `helm` reads. No values are written. */
const SECRETS = { selector: ['owner!=helm'] }

const UNWELL = {
  checkName: 'Pod {{ .Namespace }}/{{ .Name }}',
  outcomes: [
    { fail: { when: '!= Healthy', message: '{{ .Namespace }}/{{ .Name }} is {{ .Status.Reason }}: {{ .Status.Message }}' } },
  ],
}
const OUT_OF_MEMORY = {
  checkName: 'Memory of containers',
  outcomes: [
    {
      fail: {
        when: '== OOMKilled',
        message: 'Container {{ .ContainerName }} of pod {{ .Namespace }}/{{ .PodName }} was ended for want of memory.',
      },
    },
    { pass: { message: 'No container was ended for want of memory.' } },
  ],
}
const NODES = {
  checkName: 'Conditions of nodes',
  // Who may not list nodes gets no verdict on them.
  ignoreIfNoFiles: true,
  outcomes: [
    { warn: { when: 'count() == 0', message: 'There is no node.' } },
    { fail: { when: 'nodeCondition(Ready) == False', message: 'A node is not ready.' } },
    { fail: { when: 'nodeCondition(Ready) == Unknown', message: 'A node no longer says whether it is ready.' } },
    { warn: { when: 'nodeCondition(MemoryPressure) == True', message: 'A node is short of memory.' } },
    { warn: { when: 'nodeCondition(DiskPressure) == True', message: 'A node is short of disk space.' } },
    { warn: { when: 'nodeCondition(PIDPressure) == True', message: 'A node is short of process ids.' } },
    { pass: { message: 'All nodes are ready.' } },
  ],
}
const VOLUMES = {
  checkName: 'Space in volumes',
  outcomes: [
    { fail: { when: 'pvcUsedPercentage >= 95', message: 'Nearly full: {{ .PVC.ConcatenatedNames }}' } },
    { warn: { when: 'pvcUsedPercentage >= 80', message: 'More than 80 % full: {{ .PVC.ConcatenatedNames }}' } },
    { pass: { message: 'All volumes have space.' } },
  ],
}

/** All that profiles add, in the order in which it is added. docs/specs.md tells it to users. */
export const ADDITIONS: readonly Addition[] = [
  { list: 'collectors', key: 'clusterResources', from: 'minimal', entries: resources },
  { list: 'collectors', key: 'clusterInfo', from: 'minimal', entries: unlessGiven({}) },
  // Before what is large: values that a run has read are masked in all that comes after them.
  { list: 'collectors', key: 'secret', from: 'paranoid', entries: unlessGiven(SECRETS) },
  { list: 'collectors', key: 'logs', from: 'standard', entries: logs },
  { list: 'collectors', key: 'images', from: 'standard', entries: unless(({ config }) => isUnset(config['namespace']), {}) },
  { list: 'collectors', key: 'helm', from: 'comprehensive', entries: helm },
  { list: 'collectors', key: 'nodeMetrics', from: 'comprehensive', entries: unlessGiven({}) },
  ...['deploymentStatus', 'statefulsetStatus', 'replicasetStatus', 'jobStatus'].map((key): Addition => ({
    list: 'analyzers',
    key,
    from: 'standard',
    entries: unless(isOfAll, {}),
  })),
  { list: 'analyzers', key: 'clusterPodStatuses', from: 'standard', entries: unlessGiven(UNWELL) },
  { list: 'analyzers', key: 'clusterContainerStatuses', from: 'standard', entries: unlessGiven(OUT_OF_MEMORY) },
  { list: 'analyzers', key: 'nodeResources', from: 'standard', entries: () => [NODES] },
  { list: 'analyzers', key: 'nodeMetrics', from: 'comprehensive', entries: unlessGiven(VOLUMES) },
]

type One = Asked['given'][number]

/** Unless the spec has an entry of the key: a second one would write the same files, or say the same. */
function unlessGiven(config: Config): Addition['entries'] {
  return unless(() => true, config)
}

function unless(isCovered: (given: One) => boolean, config: Config): Addition['entries'] {
  return ({ given }) => (given.some(isCovered) ? [] : [config])
}

/** Entries that name namespaces would lose them to one that names none: so this one names those of the run then. */
function resources({ given, namespaces }: Asked): Config[] {
  if (given.length === 0) return [{}]
  const own = namespaces.includes('*') ? undefined : namespaces
  const isCovered = ({ config, isExcluded }: One) => {
    const named = Array.isArray(config['namespaces']) ? (config['namespaces'] as unknown[]) : []
    return isExcluded || named.length === 0 || named.includes('') || own?.every((name) => named.includes(name)) === true
  }
  if (given.some(isCovered)) return []
  return [own ? { namespaces: [...own] } : {}]
}

/** Each log is fetched once, whatever the number of entries that want it. */
function logs({ profile, given, namespaces }: Asked): Config[] {
  const limits = LOG_LIMITS[profile]
  const isCovered = ({ config, isExcluded }: One) => {
    const { namespace, selector, containerNames } = config
    const isAll = isUnset(selector) && isUnset(containerNames)
    const isThere = isUnset(namespace) || namespaces.every((name) => name === namespace)
    return isAll && isThere && (isExcluded || isAsWide(config['limits'], limits))
  }
  return given.some(isCovered) ? [] : [{ name: 'logs', limits }]
}

/** Whether an entry's limits, read as the collector does, leave at least as much. Those that are a time can't be compared. */
function isAsWide(given: unknown, { maxLines, maxBytes }: { maxLines: number; maxBytes: number }): boolean {
  const standard = LOG_LIMITS.standard
  if (!isRecord(given)) return standard.maxLines >= maxLines
  const { sinceTime, maxAge, maxLines: lines, maxBytes: bytes } = given
  const atLeast = (value: unknown, otherwise: number, wanted: number) => (Number(value) || otherwise) >= wanted
  return (
    isUnset(sinceTime) &&
    isUnset(maxAge) &&
    atLeast(lines, standard.maxLines, maxLines) &&
    atLeast(bytes, standard.maxBytes, maxBytes)
  )
}

/** The releases of a namespace are one file, so that no two entries may ask for them. A single release is another file. */
function helm({ profile, given, namespaces }: Asked): Config[] {
  const values = profile === 'paranoid' ? { collectValues: true } : {}
  const whole = given.filter(({ config }) => isUnset(config['releaseName'])).map(({ config }) => config['namespace'])
  if (whole.length === 0) return [values]
  if (whole.some(isUnset) || namespaces.includes('*')) return []
  return namespaces.filter((name) => !whole.includes(name)).map((namespace) => ({ namespace, ...values }))
}

/** An analyzer that names no object looks at all of them. */
function isOfAll({ config }: One): boolean {
  return isUnset(config['name']) && isUnset(config['namespace']) && isUnset(config['namespaces']) && isUnset(config['selector'])
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === '0' || (Array.isArray(value) && value.length === 0)
}
