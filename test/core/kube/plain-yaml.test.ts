import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { parsePlainYaml } from '../../../core/kube/plain-yaml.ts'

const KUBECTL = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTi==
    extensions:
    - extension:
        last-update: Mon, 24 Nov 2025 06:08:57 UTC
        provider: minikube.sigs.k8s.io
        version: v1.36.0
      name: cluster_info
    server: https://127.0.0.1:6443
  name: one
- cluster:
    insecure-skip-tls-verify: true
    server: "http://[::1]:8080/prefix"
  name: 123
contexts:
- context:
    cluster: one
    namespace: payments
    user: clusterUser_group_name
  name: one
current-context: one
kind: Config
preferences: {}
users:
- name: clusterUser_group_name
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - --region
      - eu-central-1
      - -x
      command: aws
      env: null
      interactiveMode: IfAvailable
      provideClusterInfo: false
`

const HELM_STYLE = `---
# written by hand
apiVersion: v1
kind: Config

users:
  - name: a
    user:
      token: abc.def-ghi_jkl
  -   name: 'quoted: name'
      user: {}
empty:
last: a # no comment here, as the whole file goes to the YAML package
`

it('reads what kubectl writes, and the same as a YAML parser', () => {
  expect(parsePlainYaml(KUBECTL)).toEqual(parse(KUBECTL))
})

it('reads indented lists, comment lines, empty values and Windows line ends', () => {
  const text = HELM_STYLE.replace(/ # no.*/, '')
  expect(parsePlainYaml(text)).toEqual(parse(text))
  expect(parsePlainYaml(text.replaceAll('\n', '\r\n'))).toEqual(parse(text))
})

describe('leaves to the YAML parser', () => {
  it.each([
    ['comments behind values', HELM_STYLE],
    ['anchors', 'a: &x 1'],
    ['aliases', 'a: *x'],
    ['tags', 'a: !!str 1'],
    ['block texts', 'a: |\n  x'],
    ['flow maps', 'a: {b: 1}'],
    ['flow lists', '[1]'],
    ['folded texts', 'a: b\n  c'],
    ['escapes', 'a: "b\\n"'],
    ['doubled keys', 'a: 1\na: 2'],
    ['the prototype', '__proto__:\n  a: 1'],
    ['fractions', 'a: 1.50'],
    ['octal numbers', 'a: 0o17'],
    ['leading zeros', 'a: 0123'],
    ['two documents', 'a: 1\n---\nb: 2'],
    ['tabs', 'a:\n\tb: 1'],
    ['a map inside a text', 'a: b: c'],
    ['a deeper line that belongs to nobody', 'a: 1\n   b: 2'],
    ['nested lists', '- - a'],
    ['nothing', ''],
  ])('%s', (_, text) => {
    expect(parsePlainYaml(text)).toBeUndefined()
  })
})

const key = fc.stringMatching(/^[A-Za-z0-9_./-]{1,8}$/)
const word = fc.oneof(
  fc.stringMatching(/^[ -~]{0,12}$/),
  fc.constantFrom('1e3', '.5', '~', 'no', 'null', '-', '--x', 'a: b', 'a #b', '0x1f', '-1'),
)
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    word,
    fc.oneof(fc.boolean(), fc.integer(), fc.constant(null)),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
  ),
}))

it('never disagrees with the YAML parser on what a YAML writer writes', () => {
  let plain = 0
  fc.assert(
    fc.property(fc.dictionary(key, tree, { minKeys: 1, maxKeys: 3 }), fc.constantFrom(true, false), (value, indentSeq) => {
      const text = stringify(value, { lineWidth: 0, indentSeq })
      const got = parsePlainYaml(text)
      if (got === undefined) return
      plain++
      expect(got).toEqual(parse(text))
    }),
    { numRuns: 500 },
  )
  expect(plain).toBeGreaterThan(50)
})

it('never disagrees with the YAML parser on lines put together at random', () => {
  const line = fc
    .tuple(
      fc.constantFrom('', '  ', '    ', '- ', '  - ', ' '),
      fc.constantFrom('a', 'b', '"c"'),
      fc.constantFrom(':', ': ', ': - '),
      word,
    )
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
      const text = lines.join('\n')
      const got = parsePlainYaml(text)
      if (got !== undefined) expect(got).toEqual(parse(text))
    }),
    { numRuns: 3_000 },
  )
})
