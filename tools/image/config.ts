/** How a container of the image starts, in the words of the OCI image specification. The Dockerfile says the same; a test compares. */
export interface ImageConfig {
  User: string
  Env: string[]
  Entrypoint: string[]
  Cmd: string[]
  WorkingDir: string
  Labels: Record<string, string>
}

export const TITLE = 'support-bundle-schedule'

/** Who is known in the image: `name:uid`, each with a group of the same name and number. */
export const USERS = [
  { name: 'root', id: 0, home: '/root' },
  { name: 'agent', id: 65_532, home: '/nonexistent' },
  { name: 'runner', id: 65_533, home: '/nonexistent' },
] as const

export function imageConfig(version: string, description: string): ImageConfig {
  return {
    User: '65532:65532',
    Env: ['PATH=/usr/bin'],
    Entrypoint: ['/usr/bin/node'],
    Cmd: ['/app/lib/agent.js', '--cluster', '--folder', '/tmp/agent'],
    WorkingDir: '/',
    Labels: {
      'org.opencontainers.image.title': TITLE,
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': version,
    },
  }
}
