import { MASK } from '../../../agent/redaction/rule.ts'

/** What each rule masks and what it leaves: for the tests of the single rules, and as planted text for those of the whole. */

export const INSTALLER = 'cluster-resources/custom-resources/installers.cluster.kurl.sh'
const escapedEnv = (name: string, value: string) => String.raw`{\"env\":[{\"name\":\"${name}\",\"value\":\"${value}\"}]}`
const prettyEnv = (name: string, value: string) => `  {\n    "name": "${name}",\n    "value": "${value}"\n  },\n`

export interface Case {
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

/** `want` empty = unchanged */
export const DEFAULT_CASES: Case[] = [
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

const YAML = `'${MASK}'`
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl_-x'
export const PRIVATE_KEY = '-----BEGIN RSA PRIVATE KEY-----'
const END = '-----END RSA PRIVATE KEY-----'

/** rule → [input, expected] */
export const OWN_CASES: Record<string, [string, string][]> = {
  'private-key': [
    [`a\n${PRIVATE_KEY}\nMIIEow\nx+/=\n${END}\nb\n`, `a\n${PRIVATE_KEY}\n${MASK}\n${MASK}\n${END}\nb\n`],
    [
      `k: |\r\n  ${PRIVATE_KEY}\r\n  MIIEow\r\n  ${END}\r\nb: c\r\n`,
      `k: |\r\n  ${PRIVATE_KEY}\r\n  ${MASK}\r\n  ${END}\r\nb: c\r\n`,
    ],
    [`2025 ${PRIVATE_KEY}\n2025 MIIEow\n2025 ${END}\n2025 x`, `2025 ${PRIVATE_KEY}\n${MASK}\n${MASK}${END}\n2025 x`],
    [`"${PRIVATE_KEY}\\nMIIE\\n${END}\\n", "a": 1`, `"${PRIVATE_KEY}${MASK}${END}\\n", "a": 1`],
    [`"${PRIVATE_KEY}\\nMIIEcut", "a": 1`, `"${PRIVATE_KEY}${MASK}", "a": 1`],
    [`${PRIVATE_KEY}x${END} ${PRIVATE_KEY}y${END} z`, `${PRIVATE_KEY}${MASK}${END} ${PRIVATE_KEY}${MASK}${END} z`],
    [
      '-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc\n-----END PGP PRIVATE KEY BLOCK-----',
      `-----BEGIN PGP PRIVATE KEY BLOCK-----\n${MASK}\n-----END PGP PRIVATE KEY BLOCK-----`,
    ],
  ],
  'private-key-base64': [[`tls.key: ${Buffer.from(`${PRIVATE_KEY}\nabc`).toString('base64')}`, `tls.key: ${MASK}`]],
  jwt: [
    [`got ${JWT}, fine`, `got ${MASK}, fine`],
    [`"a\\n${JWT}"`, `"a\\n${MASK}"`],
  ],
  'aws-key-id': [['key AKIAIOSFODNN7EXAMPLE.', `key ${MASK}.`]],
  'vendor-token': [
    [`x ghp_${'a1'.repeat(18)} y`, `x ${MASK} y`],
    ['x xoxb-1234567890-abc', `x ${MASK}`],
    [`x sk-ant-api03-${'a1'.repeat(18)}.`, `x ${MASK}.`],
  ],
  'azure-client-secret': [[`x a1b8Q~${'aB3dE6gH9j'.repeat(3)}abcd y`, `x ${MASK} y`]],
  'slack-webhook': [
    ['POST https://hooks.slack.com/services/T000/B111/XxYyZz0123456789', `POST https://hooks.slack.com/services/${MASK}`],
  ],
  'flag-value': [
    ['mysql --password hunter-2 -h db', `mysql --password ${MASK} -h db`],
    ['["--db-password","hunter-2","--x"]', `["--db-password","${MASK}","--x"]`],
    [String.raw`{\"args\":[\"--token\",\"ab1\"]}`, String.raw`{\"args\":[\"--token\",\"${MASK}\"]}`],
  ],
  'flag-value-pretty': [['  "--token",\n  "ab1",\n  "b"', `  "--token",\n  "${MASK}",\n  "b"`]],
  'xml-element': [['<a><password>x y1</password></a>', `<a><password>${MASK}</password></a>`]],
  'redis-setting': [['requirepass Hunter2', `requirepass ${MASK}`]],
  'pwd-json': [['{"pwd":"hunter2","a":1}', `{"pwd":"${MASK}","a":1}`]],
  'cookie-header': [
    ['Set-Cookie: id=ab1; HttpOnly', `Set-Cookie: ${MASK}`],
    ['{"Cookie":["a=1; b=2"],"c":3}', `{"Cookie":["${MASK}"],"c":3}`],
  ],
  'key-file': [['  tls.key: WGs5Mm16UTdwTHc0UnQ4diE=', `  tls.key: ${MASK}`]],
  'env-pair-reversed': [['{"value":"ab1","name":"DB_PASSWORD"}', `{"value":"${MASK}","name":"DB_PASSWORD"}`]],
  'authorization-header': [
    ['Authorization: Bearer PLANTED', `Authorization: Bearer ${MASK}`],
    ['> authorization: Basic dXNlcjpwYXNz', `> authorization: Basic ${MASK}`],
    ['"Authorization":["Bearer pl4nted"]', `"Authorization":["Bearer ${MASK}"]`],
    [String.raw`\"Authorization\":\"token pl4nted\"`, String.raw`\"Authorization\":\"token ${MASK}\"`],
  ],
  'bearer-token': [['sent bearer abcdefghijkl0123456==', `sent bearer ${MASK}`]],
  'url-password': [
    ['redis://:pl4nted@host:6379', `redis://:${MASK}@host:6379`],
    ['amqp://bob:p@ss@host/', `amqp://bob:${MASK}@host/`],
    ['x://u:\u00e0@h', `x://u:${MASK}@h`],
  ],
  'signed-url': [['/b/k?X-Amz-Signature=abc123&x=1', `/b/k?X-Amz-Signature=${MASK}&x=1`]],
  'registry-auth': [[String.raw`{\"auth\":\"dXNlcjpwYXNz\"}`, String.raw`{\"auth\":\"${MASK}\"}`]],
  'env-pair-json': [
    ['{"name":"DB_PASSWORD","value":"a\\"b","x":1}', `{"name":"DB_PASSWORD","value":"${MASK}","x":1}`],
    ['{"name": "SESSION_KEY", "value": "abc"}', `{"name": "SESSION_KEY", "value": "${MASK}"}`],
  ],
  'env-pair-escaped': [
    [
      String.raw`{\"name\":\"API_SECRET\",\"value\":\"a\\\"b\"},{\"x\":1}`,
      String.raw`{\"name\":\"API_SECRET\",\"value\":\"${MASK}\"},{\"x\":1}`,
    ],
    [
      String.raw`\\\"name\\\":\\\"TOKEN\\\",\\\"value\\\":\\\"abc\\\"`,
      String.raw`\\\"name\\\":\\\"TOKEN\\\",\\\"value\\\":\\\"${MASK}\\\"`,
    ],
  ],
  'env-pair-pretty': [['"name": "CLIENT_SECRET",\n"value": "abc",\n', `"name": "CLIENT_SECRET",\n"value": "${MASK}",\n`]],
  'env-pair-yaml': [
    ['- name: DB_PASSWORD\n  value: ab c\n', `- name: DB_PASSWORD\n  value: ${MASK}\n`],
    ['- name: "API_KEY"\r\n  value: "abc"\r\n', `- name: "API_KEY"\r\n  value: "${MASK}\r\n`],
  ],
  'key-value-quoted': [
    ['{"password":"a\\"b","c":1}', `{"password":"${MASK}","c":1}`],
    ['token="a b", next', `token="${MASK}", next`],
    [`api_key='it''s' x`, `api_key='${MASK}' x`],
    ['"client-secret" : ",;"', `"client-secret" : "${MASK}"`],
  ],
  'key-value-escaped': [
    [String.raw`{\"password\":\"a\\\"b\",\"c\":1}`, String.raw`{\"password\":\"${MASK}\",\"c\":1}`],
    [String.raw`"export TOKEN=\"abc\"\n", "x"`, String.raw`"export TOKEN=\"${MASK}\"\n", "x"`],
  ],
  'key-value-json-number': [['{"password": 12345678, "a": 1}', `{"password": "${MASK}", "a": 1}`]],
  'key-value-yaml': [
    ['password: hunter', `password: ${YAML}`],
    ['  - dbPassword: a, "b" c \r\nx', `  - dbPassword: ${YAML} \r\nx`],
    ['DATABASE_PASSWORD: PLANTED', `DATABASE_PASSWORD: ${YAML}`],
  ],
  'key-value-yaml-in-json': [
    [
      String.raw`"app.yaml": "db:\n  password: a, b\n  port: 1\n"`,
      String.raw`"app.yaml": "db:\n  password: ${YAML}\n  port: 1\n"`,
    ],
  ],
  'key-value-bare': [
    ['password=hunter2-PLANTED', `password=${MASK}`],
    ['x DATABASE_PASSWORD: PLANTED', `x DATABASE_PASSWORD: ${MASK}`],
    ['x login with password: hunter2', `x login with password: ${MASK}`],
    ['--token=abc --x', `--token=${MASK} --x`],
    ['/cb?access_token=a.b&state=1', `/cb?access_token=${MASK}&state=1`],
    ['user=a,password=b,c,host=d', `user=a,password=${MASK},host=d`],
    ['Pwd: 1; Password=a;b;Server=c', `Pwd: 1; Password=${MASK};Server=c`],
    ['map[password:abc user:x]', `map[password:${MASK} user:x]`],
    ['api-key = x1', `api-key = ${MASK}`],
    ['"PASSWORD=abc\\n"', `"PASSWORD=${MASK}\\n"`],
  ],
  'yaml-block-value': [['password: |\n  abc def\nx', `password: |\n  ${MASK}\nx`]],
}
