import type { ListName } from './document.ts'

export const API_VERSION = 'troubleshoot.sh/v1beta2'
/** The older group's documents have the same shape. */
export const READABLE_VERSIONS: readonly string[] = [API_VERSION, 'troubleshoot.replicated.com/v1beta1']

export const TOP_KEYS: readonly string[] = ['apiVersion', 'kind', 'metadata', 'spec', 'status']

export interface Kind {
  /** fields of `spec` that are read, and what they hold */
  lists: Readonly<Record<string, ListName>>
  /** fields of `spec` that belong to the kind but do nothing in this version, and what the user should know */
  unused: Readonly<Record<string, string>>
}

const uri = { uri: 'specs are not fetched from other places; add that spec as one of its own' }
const afterCollection = { afterCollection: 'use the upload targets and notifications of the job instead' }

/** The kinds that are read. Collector and HostCollector give their `collectors` only, as in the peer. */
export const KINDS: Readonly<Record<string, Kind>> = {
  SupportBundle: {
    lists: { collectors: 'collectors', hostCollectors: 'hostCollectors', analyzers: 'analyzers', hostAnalyzers: 'hostAnalyzers' },
    unused: {
      ...uri,
      ...afterCollection,
      runHostCollectorsInPod: 'host collectors look at the machine that this program runs on',
    },
  },
  Collector: {
    lists: { collectors: 'collectors' },
    unused: { ...uri, ...afterCollection, hostCollectors: 'put them into a HostCollector or SupportBundle document' },
  },
  HostCollector: {
    lists: { collectors: 'hostCollectors' },
    unused: { ...uri, analyzers: 'put them under spec.hostAnalyzers of a SupportBundle document' },
  },
  Analyzer: { lists: { analyzers: 'analyzers', hostAnalyzers: 'hostAnalyzers' }, unused: uri },
}

/** Kinds of the same group that a support bundle never uses. */
export const OTHER_KINDS: readonly string[] = ['Preflight', 'HostPreflight', 'RemoteCollector']

/** Keys of a Secret or ConfigMap under which a spec travels. */
export const ENVELOPE_KEYS: readonly string[] = ['support-bundle-spec', 'redactor-spec', 'preflight.yaml', 'preflight-spec']
