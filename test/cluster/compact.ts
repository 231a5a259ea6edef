/** Flags of an API server that asks etcd for the past, instead of remembering it: what `compact` is seen by. */
export const FORGETFUL = ['--feature-gates=ListFromCacheSnapshot=false', '--watch-cache-sizes=podtemplates#0']

/**
 * Throws all history of etcd away. With a FORGETFUL server, continue tokens are gone after it, and so are old resourceVersions of
 * podtemplates, which it keeps no watch cache of. Not for the shared control plane: others list there at the same time.
 */
export async function compact(etcd: string): Promise<void> {
  const { header } = await call(etcd, 'kv/range', { key: Buffer.from('a').toString('base64') })
  await call(etcd, 'kv/compaction', { revision: header?.revision, physical: true })
}

/** By etcd's JSON gateway. */
async function call(etcd: string, what: string, body: object): Promise<{ header?: { revision: string } }> {
  const response = await fetch(`${etcd}/v3/${what}`, { method: 'POST', body: JSON.stringify(body) })
  const text = await response.text()
  if (!response.ok && !text.includes('required revision has been compacted')) throw new Error(`etcd ${what}: ${text}`)
  return JSON.parse(text) as { header?: { revision: string } }
}
