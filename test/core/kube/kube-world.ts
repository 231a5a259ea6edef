import type { KubeWorld } from '../../../core/kube/kubeconfig.ts'
import { FakeClock } from '../../support/clock.ts'

/** A world of files in memory and no programs. */
export function aWorld(
  files: Record<string, string>,
  env: Record<string, string> = {},
  more: Partial<KubeWorld> = {},
): KubeWorld & { clock: FakeClock; files: Record<string, string>; started: string[][] } {
  const clock = new FakeClock()
  const started: string[][] = []
  return {
    files,
    env,
    started,
    homeFolder: '/home/me',
    interactive: false,
    readFile: (path) => {
      const text = files[path]
      return text === undefined
        ? Promise.reject(Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' }))
        : Promise.resolve(Buffer.from(text))
    },
    run: (command, args) => {
      started.push([command, ...args])
      return Promise.reject(Object.assign(new Error(`spawn ${command} ENOENT`), { code: 'ENOENT' }))
    },
    ...more,
    clock,
  }
}

/** A kubeconfig with one context `a` of cluster `a` and user `a`; the fields go on top. */
export function aConfig(fields: { cluster?: object; user?: object; context?: object } = {}): string {
  return JSON.stringify({
    clusters: [{ name: 'a', cluster: { server: 'https://a:6443', ...fields.cluster } }],
    users: [{ name: 'a', user: fields.user ?? {} }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a', ...fields.context } }],
    'current-context': 'a',
  })
}
