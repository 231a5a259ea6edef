import type { Ref, Store } from '../core/store/store.ts'

/** A store seen from one namespace: verbs name things without one, as in the local store, and mean those of this one. */
export function inNamespace(store: Store, namespace: string): Store {
  const whole = (ref: Ref): Ref => (ref.namespace === '' ? { ...ref, namespace } : ref)
  return {
    list: (kinds, named) => store.list(kinds, named === '' ? namespace : named),
    get: (ref) => store.get(whole(ref)),
    create: (ref, document) => store.create(whole(ref), document),
    update: (ref, document, version) => store.update(whole(ref), document, version),
    seal: (ref, document, version) => store.seal(whole(ref), document, version),
    remove: (ref, version) => store.remove(whole(ref), version),
    watch: (named, kinds, signal) => store.watch(named === '' ? namespace : named, kinds, signal),
  }
}
