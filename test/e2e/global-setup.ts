import type { TestProject } from 'vitest/node'
import { type NodeInfo, startNode } from './node.ts'
import { FOLDER_VARIABLE } from './sandbox.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    node: NodeInfo
  }
}

/** One node for a whole test run. Nothing ends it: it goes with the namespaces, as does all that tests start there. */
export default async function setup(project: TestProject): Promise<void> {
  const folder = process.env[FOLDER_VARIABLE]
  // Here it would mount over the machine's own folders.
  if (folder === undefined) throw new Error('these tests run in namespaces of their own: npm run test:e2e')
  const info = await startNode(folder)
  process.stderr.write(`a Kubernetes node is ready after ${(info.readyAfterMs / 1000).toFixed(1)} s\n`)
  project.provide('node', info)
}
