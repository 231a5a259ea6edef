import { describe, expect, it } from 'vitest'
import { TROUBLESHOOT_RULES } from '../../../agent/redaction/default-rules.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'

const INSTALLER = 'cluster-resources/custom-resources/installers.cluster.kurl.sh'
const escapedEnv = (name: string, value: string) => String.raw`{\"env\":[{\"name\":\"${name}\",\"value\":\"${value}\"}]}`
const prettyEnv = (name: string, value: string) => `  {\n    "name": "${name}",\n    "value": "${value}"\n  },\n`

interface Case {
  rule: string
  text: string
  want: string
  path?: string
}

/** Names of variables, and the id in the names of the two rules that know them. */
const VARIABLES = [
  ['aws-secret-access-key', 'AWS_SECRET_ACCESS_KEY'],
  ['aws-secret-access-key', 'awsSecretAccessKey'],
  ['aws-access-key-id', 'AWS_ACCESS_KEY_ID'],
  ['aws-access-key-id', 'AccessKeyId'],
  ['aws-owner-account', 'OWNER_ACCOUNT'],
  ['aws-owner-account', 'awsOwnerAccount'],
  ['password', 'DB_PASSWORD_MAIN'],
  ['token', 'ApiToken2'],
  ['database', 'DATABASE_URL'],
  ['user', 'SMTP_USERNAME'],
] as const

const CASES: Case[] = [
  ...VARIABLES.flatMap(([id, name]): Case[] => [
    { rule: `escaped-env-${id}`, text: escapedEnv(name, 'pl4nted'), want: escapedEnv(name, MASK) },
    { rule: `escaped-env-${id}`, text: escapedEnv(name, ''), want: escapedEnv(name, MASK) },
    { rule: `json-env-${id}`, text: prettyEnv(name, 'pl4nted'), want: prettyEnv(name, MASK) },
    { rule: `json-env-${id}`, text: prettyEnv(name, String.raw`a\"b`), want: prettyEnv(name, MASK) },
  ]),
  { rule: 'url-credentials', text: 'see https://bob:pl4nted@example.com', want: `see https://${MASK}:${MASK}@example.com` },
  { rule: 'url-credentials', text: '"HTTP://bob:pl4nted@h:8080"', want: `"HTTP://${MASK}:${MASK}@h:8080"` },
  { rule: 'url-credentials', text: 'ftp://bob:p:w@h,', want: `ftp://${MASK}:${MASK}@h,` },
  { rule: 'mysql-dsn', text: 'root:pl4nted@tcp(db:3306)/shop', want: `${MASK}:${MASK}@tcp(${MASK}:3306)/${MASK}` },
  { rule: 'mysql-dsn', text: '"root:pl4nted@tcp(db)/shop","x":1', want: `"${MASK}:${MASK}@tcp(${MASK})/${MASK}","x":1` },
  {
    rule: 'mysql-dsn',
    text: '{"dsn":"a:b@tcp(c)/d e:f@tcp(g)/h"}',
    want: `{"dsn":"${MASK}:${MASK}@tcp(${MASK})/${MASK}${MASK}:${MASK}@tcp(${MASK})/${MASK}"}`,
  },
  { rule: 'database-url', text: 'pg://u:pl4nted@db:5432/shop?a=b ok', want: `pg://${MASK}:${MASK}@${MASK}:5432/${MASK} ok` },
  { rule: 'database-url', text: '"pg://u:p@w@db/shop","k":"v"', want: `"pg://${MASK}:${MASK}@${MASK}/${MASK}","k":"v"` },
  { rule: 'database-url', text: 'pg://u:p@db/\u00e0 x', want: `pg://u:p@db/\u00e0 x` },
  { rule: 'database-url', text: 'pg://u:p@db/shop\u00e0b x', want: `pg://${MASK}:${MASK}@${MASK}/${MASK} x` },
  ...['Data Source', 'location', 'User ID', 'password', 'Server', 'Database', 'Uid', 'Pwd'].flatMap((key): Case[] => {
    const rule = `connection-${key.toLowerCase().replace(' ', '-')}`
    return [
      { rule, text: `${key}=pl4nted;`, want: `${key}=${MASK};` },
      { rule, text: `x;${key.toUpperCase()}  =  a b,"c"; y; z`, want: `x;${key.toUpperCase()}  =  ${MASK}; y; z` },
      { rule, text: `${key}=open ended`, want: `${key}=open ended` },
    ]
  }),
  {
    rule: 'ceph-auth-key',
    text: '"entity": "osd.0",\n"key": "AQBjt8s0WkfPtxZUo7gI8a0awbQGHgzuprdaed==",\n',
    want: `"entity": "osd.0",\n"key": "${MASK}",\n`,
  },
  {
    rule: 'ceph-auth-key',
    text: '"entity":"client.admin"\r\n"key":"AQBjt8s0WkfPtxZUo7gI8a0awbQGHgzuprdaed==xx"\r\n',
    want: `"entity":"client.admin"\r\n"key":"${MASK}"\r\n`,
  },
  { rule: 'ceph-auth-key', text: '"entity": "mon.0"\n"key": "AQBjt8s0WkfPtxZUo7gI8a0awbQGHgzuprdaed=="', want: '' },
  { rule: 'ceph-auth-key', text: '"entity": "mgr.a"\n"key": "too short=="', want: '' },
  {
    rule: 'kurl-bootstrap-token',
    text: '"bootstrapToken" : "a.b"',
    want: `"bootstrapToken" : "${MASK}"`,
    path: `${INSTALLER}.json`,
  },
  { rule: 'kurl-cert-key', text: '"certKey":"ab"', want: `"certKey":"${MASK}"`, path: `${INSTALLER}/default.json` },
  { rule: 'kurl-kubeadm-token', text: '"KUBEADMTOKEN": "ab"', want: `"KUBEADMTOKEN": "${MASK}"`, path: `${INSTALLER}/x.json` },
  {
    rule: 'kurl-last-applied',
    text: String.raw`"kubectl.kubernetes.io/last-applied-configuration": "{\"a\":\"\\\"b\"}\n", "c": "d"`,
    want: `"kubectl.kubernetes.io/last-applied-configuration": "${MASK}", "c": "d"`,
    path: `${INSTALLER}/x.json`,
  },
  { rule: 'kurl-cert-key', text: '"certKey":"ab"', want: '', path: `${INSTALLER}/deeper/x.json` },
  { rule: 'kurl-cert-key', text: '"certKey":"ab"', want: '', path: 'cluster-resources/pods/default.json' },
]

describe.each(TROUBLESHOOT_RULES.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  const cases = CASES.filter((one) => one.rule === name)
  it.each(cases)('$text', ({ text, want, path }) => {
    expect(createRedactor([rule]).text(text, path)).toBe(want === '' ? text : want)
    const crlf = createRedactor([rule]).text(text.replaceAll(/\r?\n/g, '\r\n'), path)
    expect(crlf).toBe((want === '' ? text : want).replaceAll(/\r?\n/g, '\r\n'))
  })
  it('has a case that it masks', () => {
    expect(cases.some(({ want }) => want.includes(MASK))).toBe(true)
  })
})

describe('the default rules together', () => {
  const redactor = createRedactor(TROUBLESHOOT_RULES)

  it.each([
    ['mysql://user:PLANTED@tcp(host)/db', `mysql://${MASK}:${MASK}@${MASK}/${MASK}`],
    ['https://user:PLANTED@host/', `https://${MASK}:${MASK}@host/`],
    ['Server=db;Uid=bob;Pwd=x y;Timeout=5', `Server=${MASK};Uid=${MASK};Pwd=${MASK};Timeout=5`],
    ['"name":"x"\n"value":"y"\n', '"name":"x"\n"value":"y"\n'],
  ])('%s', (text, want) => {
    expect(redactor.text(text)).toBe(want)
  })

  it('masks the line after a selector only, and a selector may follow a selector', () => {
    const text = '"name": "token"\n"name": "password"\n"value": "a"\n"value": "b"\n'
    expect(redactor.text(text)).toBe(text.replace('"a"', `"${MASK}"`))
  })

  it('changes nothing when applied again', () => {
    const once = redactor.text(CASES.map(({ text }) => text).join('\n'))
    expect(redactor.text(once)).toBe(once)
  })
})
