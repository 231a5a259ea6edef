import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COLLECTOR_ACCOUNT, STORE_ACCOUNT } from '../../core/names.ts'
import { MANIFESTS } from './kustomize.ts'
import { rightsTables } from './rights-table.ts'

const page = readFileSync(join(MANIFESTS, '../docs/rbac.md'), 'utf8')

describe('docs/rbac.md', () => {
  it('has the rights of the manifests: on a difference, put the new tables between the marks', () => {
    expect(/<!-- rights -->\n([^]*)\n<!-- \/rights -->/.exec(page)?.[1]).toBe(rightsTables())
  })

  it('says of each right who has it, and why', () => {
    const rows = rightsTables()
      .split('\n')
      .filter((line) => /^\| (?!may |-)/.test(line))
    expect(rows.length).toBeGreaterThan(30)
    for (const row of rows) expect(row).toMatch(/^\| [a-z, ]+: [^|]+ \| [a-z][^|]{3,} \|$/)
    const heads = rightsTables()
      .split('\n')
      .filter((line) => line.startsWith('#'))
    for (const head of heads) expect(head).toMatch(/^### (People with the role `\w+`|`[\w-]+` of (`[\w-]+`|the namespace)), \w/)
  })

  it('names both identities of a tenant', () => {
    for (const name of [STORE_ACCOUNT, COLLECTOR_ACCOUNT]) expect(page).toContain(`| \`${name}\` | each opted-in namespace |`)
  })
})
