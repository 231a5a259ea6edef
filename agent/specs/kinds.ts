import type { ListName } from './document.ts'

export const API_VERSION = 'troubleshoot.sh/v1beta2'
/** The older group's documents have the same shape; of the newer version, values may be given as objects (`values.ts`). */
export const READABLE_VERSIONS: readonly string[] = [
  API_VERSION,
  'troubleshoot.replicated.com/v1beta1',
  'troubleshoot.sh/v1beta3',
]

export const TOP_KEYS: readonly string[] = ['apiVersion', 'kind', 'metadata', 'spec', 'status']

export interface Kind {
  /** fields of `spec` that are read, and what they hold */
  lists: Readonly<Record<string, ListName>>
  /** fields of `spec` that belong to the kind but do nothing in this version, and what the user should know */
  unused: Readonly<Record<string, string>>
  /** other fields of `spec` that are read, or that nobody needs to be told of */
  fields: readonly string[]
  /** the kind has no part in a support bundle: its keys are checked, and nothing of it is used */
  isUnused?: true
}

const uri = { uri: 'only a SupportBundle takes its newer self from elsewhere; add that spec as one of its own' }
const afterCollection = { afterCollection: 'use the upload targets and notifications of the job instead' }

/** The kinds that are read. Collector and HostCollector give their `collectors` only, as in the peer. */
export const KINDS: Readonly<Record<string, Kind>> = {
  SupportBundle: {
    lists: { collectors: 'collectors', hostCollectors: 'hostCollectors', analyzers: 'analyzers', hostAnalyzers: 'hostAnalyzers' },
    unused: afterCollection,
    fields: ['uri', 'runHostCollectorsInPod'],
  },
  Collector: {
    lists: { collectors: 'collectors' },
    unused: { ...uri, ...afterCollection, hostCollectors: 'put them into a HostCollector or SupportBundle document' },
    fields: [],
  },
  HostCollector: {
    lists: { collectors: 'hostCollectors' },
    unused: { ...uri, analyzers: 'put them under spec.hostAnalyzers of a SupportBundle document' },
    fields: [],
  },
  Analyzer: { lists: { analyzers: 'analyzers', hostAnalyzers: 'hostAnalyzers' }, unused: uri, fields: [] },
  Redactor: { lists: {}, unused: uri, fields: ['redactors'] },
  RemoteCollector: { lists: {}, unused: {}, fields: ['collectors', 'afterCollection', 'nodeSelector', 'uri'], isUnused: true },
  Preflight: {
    lists: {},
    unused: {},
    fields: ['collectors', 'remoteCollectors', 'analyzers', 'uploadResultSpec', 'uri'],
    isUnused: true,
  },
  HostPreflight: { lists: {}, unused: {}, fields: ['collectors', 'remoteCollectors', 'analyzers', 'uri'], isUnused: true },
}
