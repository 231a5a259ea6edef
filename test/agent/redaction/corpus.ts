/** Secrets as they stand in bundles, by the list of what redaction must know; and lines that look a little like them. */

export interface Planted {
  kind: string
  text: string
  secret: string
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const VALUE = 'Xk92mzQ7pLw4Rt8v'
const LONG = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6'
const HEX = '0f1e2d3c4b5a69788796a5b4c3d2e1f0'
const PEM_BODY =
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu'
const pem = (kind: string) => `-----BEGIN ${kind}-----\n${PEM_BODY}\n-----END ${kind}-----`
const JWT = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.c2lnbmF0dXJlLXdpdGgtbGV0dGVycw'

/** `@` stands for the secret. */
function planted(kind: string, secret: string, ...texts: string[]): Planted[] {
  return texts.map((text) => ({ kind, text: text.replaceAll('@@', secret), secret }))
}

export const PLANTED: Planted[] = [
  ...planted(
    'bearer token',
    LONG,
    'Authorization: Bearer @@',
    'curl -H "Authorization: Bearer @@" https://api',
    'sent bearer @@ to upstream',
    '{"headers":{"Authorization":["Bearer @@"]}}',
    String.raw`"args": "{\"authorization\":\"Bearer @@\"}"`,
    'authorization=Bearer @@',
  ),
  ...planted('basic authorization', base64(`bob:${VALUE}`), 'Authorization: Basic @@', '> authorization: basic @@'),
  ...planted('jwt', JWT, 'token is @@ ok', '{"id":"@@"}', 'x=@@;', 'Set-Cookie: session=@@; Path=/'),
  ...['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'].flatMap((kind) =>
    planted(
      'PEM key',
      PEM_BODY,
      pem(kind),
      `key: |\n${pem(kind).replaceAll(/^/gm, '    ')}\nnext: 1`,
      `2025-05-12T10:00:00Z ${pem(kind)}\n2025 after`,
    ),
  ),
  ...planted(
    'PEM key in JSON',
    PEM_BODY.split('\n')[0] ?? '',
    `{"tls.key":${JSON.stringify(pem('PRIVATE KEY'))}}`,
    `"a":${JSON.stringify(JSON.stringify(pem('RSA PRIVATE KEY')))}`,
  ),
  ...planted('PEM key in base64', base64(pem('PRIVATE KEY')), 'tls.key: @@', '"client-key-data":"@@"', 'x @@'),
  ...planted('AWS key id', 'AKIAQ7XW2JDLS5N4VTRM', 'key @@', 'AWS_ACCESS_KEY_ID=@@', '{"AccessKeyId":"@@"}', 'ASSUMED @@,'),
  ...planted(
    'AWS secret key',
    'wJalrXUtnFEMIK7MDENGbPxRfiCYzEXAMPLEKEYa',
    'AWS_SECRET_ACCESS_KEY=@@',
    'aws_secret_access_key = @@',
    '{"SecretAccessKey": "@@"}',
    '- name: AWS_SECRET_ACCESS_KEY\n  value: @@',
  ),
  ...planted('AWS session token', `IQoJb3JpZ2luX2VjE${LONG}`, 'AWS_SESSION_TOKEN=@@', '"SessionToken": "@@"'),
  ...planted('GCP key', 'AIzaSyD3x9Kq2LmZ7pRt4Vw8Yb1Nc6Hf5Jg0sQa', 'key=@@', '?key=@@&x=1', '{"apiKey":"@@"}'),
  ...planted(
    'GCP service account',
    PEM_BODY.split('\n')[0] ?? '',
    JSON.stringify({ type: 'service_account', private_key: pem('PRIVATE KEY') }, undefined, 2),
  ),
  ...planted('GCP OAuth', `ya29.a0AfH6SMB${LONG}`, 'access @@', '{"access_token":"@@"}'),
  ...planted('GCP OAuth secret', `GOCSPX-${LONG.slice(0, 28)}`, '{"client_secret":"@@"}', 'id @@'),
  ...planted(
    'Azure storage',
    `${LONG}${LONG}x+/9Q8s==`,
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@;EndpointSuffix=core.windows.net',
    'SharedAccessKeyName=Root;SharedAccessKey=@@',
  ),
  ...planted(
    'Azure SAS',
    `${LONG}%2B%3D`,
    'https://a.blob.core.windows.net/c?sv=2020&sr=b&sig=@@&se=2025',
    'SharedAccessSignature=sv=2020&sig=@@',
  ),
  ...planted('Azure client secret', `a1b8Q~${LONG.slice(0, 34)}`, 'AZURE_CLIENT_SECRET=@@', 'x @@ y'),
  ...planted('GitHub', `ghp_${LONG}`, 'git clone https://@@@github.com/a/b', 'GITHUB=@@', 'x @@'),
  ...planted('GitHub fine-grained', `github_pat_11ABCDEFG0${LONG}`, 'remote @@'),
  ...planted('GitLab', `glpat-${LONG.slice(0, 20)}`, 'x @@', 'PRIVATE-TOKEN: @@'),
  ...planted('Slack', 'xoxb-123456789012-abcdefABCDEF', 'x @@', '{"slack":"@@"}'),
  ...planted('Slack webhook', 'T00000000/B11111111/XxYyZz0123456789abcdefgh', 'POST https://hooks.slack.com/services/@@'),
  ...planted('Stripe', `sk_live_${LONG.slice(0, 24)}`, 'x @@', 'rk @@'),
  ...planted('Stripe restricted', `rk_live_${LONG.slice(0, 24)}`, 'x @@'),
  ...planted('Stripe webhook', `whsec_${LONG.slice(0, 32)}`, 'x @@'),
  ...planted('npm', `npm_${LONG}`, 'x @@', '//registry.npmjs.org/:_authToken=@@'),
  ...planted('PyPI', `pypi-AgEIcHlwaS5vcmc${LONG}`, 'x @@'),
  ...planted('Docker Hub', `dckr_pat_${LONG.slice(0, 27)}`, 'x @@'),
  ...planted('Vault', `hvs.${LONG}`, 'x @@', 'VAULT_TOKEN=@@'),
  ...planted('OpenAI', `sk-proj-${LONG}${LONG}`, 'x @@', 'OPENAI_API_KEY=@@'),
  ...planted('Anthropic', `sk-ant-api03-${LONG}${LONG}`, 'x @@'),
  ...planted('Hugging Face', `hf_${LONG.slice(0, 34)}`, 'x @@'),
  ...planted('SendGrid', `SG.${LONG.slice(0, 22)}.${LONG}abcdefg`, 'x @@'),
  ...planted('Twilio', `SK${HEX}`, 'TWILIO_API_KEY=@@'),
  ...planted('DigitalOcean', `dop_v1_${HEX}${HEX}`, 'x @@'),
  ...planted('Databricks', `dapi${HEX}`, 'x @@'),
  ...planted('Grafana', `glsa_${LONG.slice(0, 32)}_1a2b3c4d`, 'x @@'),
  ...planted('age key', `AGE-SECRET-KEY-1${'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'.repeat(2).slice(0, 58)}`, 'x @@'),
  ...planted(
    'kubeconfig token',
    VALUE,
    'users:\n- name: a\n  user:\n    token: @@\n',
    '    client-key-data: @@\n',
    '    password: @@',
  ),
  ...planted(
    'bootstrap token',
    'a1b2c3.d4e5f6a7b8c9d0e1',
    'kubeadm join 10.0.0.1:6443 --token @@ --discovery-token-ca-cert-hash sha256:ab',
    'token: @@',
  ),
  ...planted(
    'docker credentials',
    base64(`bob:${VALUE}`),
    '{"auths":{"r.io":{"auth":"@@"}}}',
    String.raw`{\"auths\":{\"r.io\":{\"auth\":\"@@\"}}}`,
  ),
  ...planted('docker password', VALUE, '{"auths":{"r.io":{"username":"bob","password":"@@"}}}'),
  ...planted(
    'docker config in base64',
    base64(JSON.stringify({ auths: { r: { auth: base64(`bob:${VALUE}`) } } })),
    '.dockerconfigjson: @@',
    '".dockerconfigjson": "@@"',
  ),
  ...planted(
    'environment pair',
    VALUE,
    '- name: DB_PASSWORD\n  value: @@\n',
    '- name: SESSION_KEY\n  value: "@@"\n',
    "    - name: 'API_ENCRYPTION_KEY'\n      value: '@@'\n",
    '{"name":"DB_PASSWORD","value":"@@"}',
    '"name": "CLIENT_SECRET",\n"value": "@@"',
    String.raw`{\"name\":\"DB_PASSWORD\",\"value\":\"@@\"}`,
    '- value: @@\n  name: DB_PASSWORD\n',
    '{"value":"@@","name":"DB_PASSWORD"}',
  ),
  ...planted(
    'key and value',
    VALUE,
    'password=@@',
    'DB_PASSWORD: @@',
    'spring.datasource.password=@@',
    '"clientSecret":"@@"',
    'secret_key_base: @@',
    'PGPASSWORD=@@ psql',
    'export API_KEY="@@"',
    '--password @@',
    '--api-key=@@',
    '<password>@@</password>',
    "password => '@@'",
    'encryptionKey: @@',
    'redis-password: "@@"',
    'passphrase: @@',
    'x-api-key: @@',
    'MYSQL_ROOT_PASSWORD=@@',
    'requirepass @@',
    'masterauth @@',
    '"pwd":"@@"',
    'jwtSecret=@@',
    'webhookSecret: @@',
    'DJANGO_SECRET_KEY=@@',
  ),
  ...planted(
    'minified JSON',
    VALUE,
    `[{"a":1,"password":"@@","b":[]},{"c":"d"}]`,
    `{"x":{"apiKey":"@@"},"y":{"z":1}}`,
    String.raw`{"cfg":"{\"token\":\"@@\",\"a\":1}"}`,
  ),
  ...planted(
    'Secret data in base64',
    base64(`${VALUE}!`),
    '"data":{"password":"@@"}',
    'data:\n  api-token: @@\n',
    'data:\n  tls.key: @@\n',
    '"data": {\n  "secret": "@@"\n}',
  ),
  ...planted(
    'userinfo of a URL',
    VALUE,
    'https://bob:@@@example.com/x',
    'redis://:@@@cache:6379/0',
    'postgres://app:@@@db:5432/shop?sslmode=disable',
    'mongodb+srv://u:@@@c.mongodb.net/test',
    'amqp://guest:@@@mq//',
    'jdbc:postgresql://db/shop?user=a&password=@@',
    'ldap://cn=admin:@@@dir',
    'root:@@@tcp(db:3306)/shop',
    'Server=db;Database=x;User Id=sa;Password=@@;',
    'smtp://a%40b.c:@@@mail:587',
  ),
  ...planted(
    'signed URL',
    LONG,
    'https://s3/b/k?X-Amz-Algorithm=x&X-Amz-Signature=@@',
    'https://x/y?Signature=@@&Expires=1',
    'https://x/y?token=@@',
  ),
  ...planted('cookie', LONG, 'Set-Cookie: sessionid=@@; HttpOnly', 'Cookie: a=1; session=@@'),
]

/** None of these holds a secret. */
export const PLAIN_LINES: string[] = [
  'I0512 08:41:12.123 1 controller.go:12] "Reconciling" namespace="shop" name="web-0"',
  'secretName: web-tls',
  '"imagePullSecrets": [{"name": "regcred"}]',
  '"tokenExpirationSeconds": 3600',
  'serviceAccountToken: {expirationSeconds: 3607, path: token}',
  'automountServiceAccountToken: false',
  'invalid token: unexpected end of input',
  'password: must be at least 8 characters',
  'the bearer of this message',
  'https://example.com:8443/path?x=1',
  'image: registry.example.com/shop/web@sha256:0123456789abcdef',
  'image: acme/web-token:v1.2.3',
  '{"name":"LOG_LEVEL","value":"debug"}',
  '- name: PORT\n  value: "8080"\n',
  'valueFrom: {secretKeyRef: {name: api, key: token}}',
  '"key": "node-role.kubernetes.io/master"',
  'Normal  Pulled  kubelet  Successfully pulled image "nginx" in 1.2s',
  'uid: 6f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
  'sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0',
  '-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----',
  'caBundle: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t',
  'ssh-rsa is an algorithm',
  'GET /api/v1/secrets?limit=500 200',
  'secrets "db" not found',
  'user@example.com wrote',
  'passwordless sudo is enabled',
  'risk-free and task-based work, disk-usage 80%',
  'sk-learn and hf_hub are libraries',
  'cookies are accepted',
  'session opened for user root',
]

/** What the default rules are known to miss or to spoil: with the reason, so that nobody mends it twice. */
export const KNOWN: Record<string, string> = {
  'environment pair: - value: Xk92mzQ7pLw4Rt8v\n  name: DB_PASSWORD\n': 'the name comes after the value, which is gone by then',
  'password: must be at least 8 characters': 'at the start of a line it could be a passphrase in YAML',
}
