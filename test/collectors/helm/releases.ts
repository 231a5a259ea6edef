import { gzipSync } from 'node:zlib'

/** Parts of a release that a test sets itself. */
export interface ARelease {
  name?: string
  namespace?: string
  version?: number
  status?: string
  deployed?: string
  chart?: object
  config?: object
}

/** A release as Helm makes one. */
export function aRelease({
  name = 'web',
  namespace = 'shop',
  version = 1,
  status = 'deployed',
  deployed = '2026-01-01T02:00:00.123456789Z',
  chart,
  config = { replicas: 3 },
}: ARelease = {}) {
  return {
    name,
    info: { first_deployed: deployed, last_deployed: deployed, deleted: '', description: 'Install complete', status },
    chart: {
      metadata: { name: 'web', version: '1.2.0', appVersion: '4.1' },
      lock: null,
      templates: [{ name: 'templates/web.yaml', data: 'aGk=' }],
      values: { replicas: 1, image: { tag: 'a' } },
      schema: null,
      files: null,
      ...chart,
    },
    config,
    manifest: '---\nkind: Deployment\n',
    version,
    namespace,
  }
}

/** As Helm keeps it: base64 of gzip of JSON. */
export const payload = (release: unknown): string => gzipSync(JSON.stringify(release)).toString('base64')
export const encoded = (text: string): string => Buffer.from(text).toString('base64')

const labels = ({ name, version }: { name: string; version: number }) => ({
  name,
  owner: 'helm',
  status: 'deployed',
  version: String(version),
})

/** The Secret of a release. */
export function aSecret(parts: ARelease = {}, text = payload(aRelease(parts))) {
  const { name, namespace, version } = aRelease(parts)
  return {
    metadata: { name: `sh.helm.release.v1.${name}.v${version}`, namespace, labels: labels({ name, version }) },
    type: 'helm.sh/release.v1',
    data: { release: encoded(text) },
  }
}

/** The ConfigMap of a release, for those who told Helm so. */
export function aConfigMap(parts: ARelease = {}) {
  const { metadata } = aSecret(parts)
  return { metadata, data: { release: payload(aRelease(parts)) } }
}
