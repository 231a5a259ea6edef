import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { imageContents } from '../../../tools/image/contents.ts'
import { linkedLibraries } from '../../../tools/image/libraries.ts'
import { stage } from '../../../tools/image/stage.ts'

let top: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'stage-'))
})
afterEach(() => rmSync(top, { recursive: true }))

describe('stage', () => {
  it('makes the folder hold the entries alone, with their modes and no times', async () => {
    const folder = join(top, 'rootfs')
    mkdirSync(folder)
    writeFileSync(join(folder, 'left-over'), '')
    writeFileSync(join(top, 'secret'), 'from disk', { mode: 0o600 })
    await stage(
      [
        { path: '/tmp', mode: 0o1777 },
        { path: '/a/b/program', mode: 0o755, content: { bytes: Buffer.from('bytes') } },
        { path: '/a/text', mode: 0o644, content: { text: 'text' } },
        { path: '/a/file', mode: 0o644, content: { file: join(top, 'secret') } },
      ],
      folder,
    )
    const facts = ['.', 'tmp', 'a', 'a/b', 'a/b/program', 'a/text', 'a/file'].map((path) => {
      const { mode, mtimeMs } = statSync(join(folder, path))
      expect(mtimeMs, path).toBe(0)
      return [path, (mode & 0o7777).toString(8)]
    })
    expect(Object.fromEntries(facts)).toEqual({
      '.': '755',
      tmp: '1777',
      a: '755',
      'a/b': '755',
      'a/b/program': '755',
      'a/text': '644',
      'a/file': '644',
    })
    expect(readFileSync(join(folder, 'a/b/program'), 'utf8')).toBe('bytes')
    expect(readFileSync(join(folder, 'a/file'), 'utf8')).toBe('from disk')
    expect(() => statSync(join(folder, 'left-over'))).toThrow('ENOENT')
  })
})

it('says that the programs are not built', async () => {
  const world = { root: top, cache: top, say: () => undefined }
  await expect(imageContents('amd64', world)).rejects.toThrow('run "npm run build" first')
})

describe.skipIf(process.platform !== 'linux')('linkedLibraries', () => {
  const program = readFileSync(realpathSync(process.execPath))
  const [own, other] = process.arch === 'arm64' ? (['arm64', 'amd64'] as const) : (['amd64', 'arm64'] as const)

  it('names the library that is missing', () => {
    expect(() => linkedLibraries(program, top, own)).toThrow(/is linked to ld-linux\S+, which is in none of the packages in/)
  })
  it('refuses a program of another processor', () => {
    expect(() => linkedLibraries(program, top, other)).toThrow(`this is no program for ${other}`)
  })
})
