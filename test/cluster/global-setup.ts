import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { reasonOf } from '../../core/errors.ts'
import { type ControlPlane, type ControlPlaneInfo, startControlPlane } from './control-plane.ts'
import { newFolder } from './sweep.ts'

/** What the test run tells a test file that asks for the cluster. */
export type ClusterAnswer = { info: ControlPlaneInfo } | { skipped: string }

declare module 'vitest' {
  export interface ProvidedContext {
    /** path of the unix socket that answers with a ClusterAnswer */
    clusterSocket: string
  }
}

/**
 * One control plane for a whole test run: started when the first test file asks for it, so that runs of other tests do not pay,
 * and ended with the run. Tests reach it through `useCluster`.
 */
export default function setup(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-cluster-'))
  const path = join(folder, 'socket')
  const skippedFiles: string[] = []
  let starting: Promise<ControlPlane> | undefined

  const serve = async (socket: Socket, file: string) => {
    starting ??= startControlPlane({ folder: newFolder() })
    const text = await answer(starting)
    if ('skipped' in text) skippedFiles.push(file.trim())
    socket.end(JSON.stringify(text))
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (file) => void serve(socket, file.toString('utf8')))
  })
  server.listen(path)
  project.provide('clusterSocket', path)
  return async () => {
    if (skippedFiles.length > 0) process.stderr.write(skippedLine(skippedFiles, await answer(starting)))
    await starting?.then((controlPlane) => controlPlane.stop()).catch(() => undefined)
    await closed(server)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function answer(starting: Promise<ControlPlane> | undefined): Promise<ClusterAnswer> {
  try {
    const { startApiServer: _start, stopApiServer: _stop, stop: _end, ...info } = (await starting) ?? notAsked()
    return { info }
  } catch (error) {
    return { skipped: reasonOf(error) }
  }
}

function notAsked(): never {
  throw new Error('nobody asked for the cluster')
}

/** .ci/run looks for the first word of this line, and fails. */
function skippedLine(files: string[], why: ClusterAnswer): string {
  const reason = 'skipped' in why ? why.skipped : ''
  return `\nSKIPPED: ${files.length} test files need a real API server, and there is none: ${reason}\n  ${files.join('\n  ')}\n`
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
