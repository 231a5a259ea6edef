import { describe, expect, it } from 'vitest'
import { checksumLines, encodeSkipped, encodeVersion } from '../../../agent/bundle/report.ts'

describe('the files of the host', () => {
  it('checksums are what sha256sum reads, also of a file that is called like its standard input', () => {
    const text = (sums: Iterable<readonly [string, string]>) => Buffer.concat([...checksumLines(sums)]).toString()
    const few = [['a/b c', 'aa'] as const, ['-', 'bb'] as const, ['x/-', 'cc'] as const]
    expect(text(few)).toBe('aa  a/b c\nbb  ./-\ncc  x/-\n')
    expect(text([])).toBe('')
    const many = Array.from({ length: 5000 }, (_, index) => [`files/${index}`, 'ab'.repeat(32)] as const)
    expect(text(many)).toBe(many.map(([path, sum]) => `${sum}  ${path}\n`).join(''))
  })

  it('the version is YAML, whatever it is', () => {
    expect(encodeVersion('1.0.0-rc.1+x')).toBe(
      'apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: "1.0.0-rc.1+x"\n',
    )
  })

  it('skipped collectors have a reason, errors or null, and the time', () => {
    const at = new Date('2026-01-01T00:00:00Z')
    const text = encodeSkipped(
      [
        { collector: 'a', reason: 'excluded' },
        { collector: 'b', reason: 'insufficient RBAC permissions', errors: ['no'] },
      ],
      at,
    )
    expect(JSON.parse(text)).toEqual([
      { collector: 'a', reason: 'excluded', errors: null, timestamp: '2026-01-01T00:00:00.000Z' },
      { collector: 'b', reason: 'insufficient RBAC permissions', errors: ['no'], timestamp: '2026-01-01T00:00:00.000Z' },
    ])
  })
})
