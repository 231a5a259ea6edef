/** Fields that entries of all collectors have. */
export const COMMON_FIELDS: readonly string[] = ['collectorName', 'exclude']

const fieldsOf = (text: string): readonly string[] => [...COMMON_FIELDS, ...text.split(' ').filter((one) => one !== '')]

/**
 * Collectors of the peer that stay unsupported on purpose, with their fields: for products that few have. Entries are read and
 * checked, and listed as skipped.
 */
export const UNSUPPORTED_COLLECTORS: Readonly<Record<'Collector' | 'HostCollector', ReadonlyMap<string, readonly string[]>>> = {
  Collector: new Map([
    ['collectd', fieldsOf('namespace hostPath image imagePullPolicy imagePullSecret timeout')],
    ['ceph', fieldsOf('namespace timeout')],
    ['longhorn', fieldsOf('namespace timeout')],
    ['goldpinger', fieldsOf('namespace image serviceAccountName collectDelay podLaunchOptions')],
    ['sonobuoy', fieldsOf('namespace')],
  ]),
  // In the peer's own type, and without an effect there too.
  HostCollector: new Map([['kubernetes', fieldsOf('')]]),
}
