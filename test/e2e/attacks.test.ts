import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AGENT_NAME, AGENT_NAMESPACE, API_VERSION, COLLECTOR_ACCOUNT } from '../../core/names.ts'
import { allowUploadsWith } from '../cluster/tenants.ts'
import { cliOf, installAgent } from './installed.ts'
import { aTenant, collecting, type KeptRun, openBundle, podsOf, type Tenant, troubles } from './tenant.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'

const node = useNode()
const cli = cliOf(node)
const METADATA = '169.254.169.254'
/** Of anything that stands where it must not be read. */
const LOOT = /secret.of.victim|credentials of the node/

/** Who writes jobs in one namespace reaches for what is not his. Plug-ins that attack: hostile-plugins.test.ts. */
describe('a job that attacks', () => {
  let attacker: Tenant
  let asked = 0
  const metadata = createServer((_, response) => void (asked++, response.end('credentials of the node')))
  beforeAll(async () => {
    execFileSync('ip', ['address', 'add', `${METADATA}/32`, 'dev', 'node0'])
    await new Promise<void>((resolve) => metadata.listen(80, METADATA, resolve))
    // The other one may reach the node: what is allowed to one is not to all.
    await installAgent(node, { networks: [{ namespaces: ['victim'], allow: [node.info.nodeIp] }] })
    attacker = await aTenant(node, 'attacker')
    const victim = await aTenant(node, 'victim')
    for (const { name } of [attacker, victim]) {
      const values = ['accessKeyId=key', `secretAccessKey=secret-of-${name}`].map((pair) => `--from-literal=${pair}`)
      for (const secret of ['keys', 'private']) await node.kubectl(['create', 'secret', 'generic', secret, '-n', name, ...values])
      await allowUploadsWith(node.admin, name, 'keys')
      await node.readyPods(name, 'app=web')
    }
    await victim.create('nightly', { collect: collecting({ data: { name: 'a', data: 'secret of victim' } }) })
    await openBundle(node, await victim.run('nightly'))
  }, 240_000)
  afterAll(() => {
    metadata.close()
    execFileSync('ip', ['address', 'del', `${METADATA}/32`, 'dev', 'node0'])
  })

  /** What a pod of the attacker gets from a URL. */
  const fromPod = (url: string, ...more: string[]) =>
    node.kubectl(['exec', '-n', 'attacker', 'deploy/web', '--', 'timeout', '5', 'wget', '-q', '-O', '-', ...more, url])

  describe('by where it uploads to', () => {
    const ENDPOINTS: Record<string, (podIp: string) => string> = {
      'the metadata of the cloud': () => `http://${METADATA}`,
      'the same, written as IPv6': () => `http://[::ffff:${METADATA}]`,
      'the API of the agent': () => 'http://127.0.0.1:8080',
      'the metrics of the agent, by name': () => 'http://localhost:9090',
      'the metrics of the agent, by a number': () => 'http://2130706433:9090',
      'the API server': () => 'https://10.96.0.1',
      'the API server by its node': () => node.info.server,
      'a pod of another': (podIp) => `http://${podIp}:8080`,
    }
    let run: KeptRun
    beforeAll(async () => {
      const [pod] = await node.readyPods('victim', 'app=web')
      const upload = Object.values(ENDPOINTS).map((endpoint) => ({
        uploader: 's3',
        config: { bucket: 'bucket', allowInsecure: true, endpoint: endpoint(pod?.status.podIP ?? '') },
        credentials: { secret: 'keys' },
      }))
      await attacker.create('endpoints', { collect: collecting({ data: { name: 'a', data: 'b' } }), upload })
      const name = await attacker.ask('endpoints')
      run = await attacker.until(name, ({ deliveries }) => deliveries.length > 0 && deliveries.every(({ error }) => error))
    }, 120_000)

    it.each(Object.keys(ENDPOINTS))('reaches not %s', (what) => {
      const index = Object.keys(ENDPOINTS).indexOf(what)
      expect(run.deliveries[index]).toMatchObject({
        state: 'pending',
        error: { message: expect.stringContaining('a job may not connect to') },
      })
    })

    it('says so in its status, while nobody came to the metadata that pods do reach', async () => {
      expect(asked).toBe(0)
      const status = await cli('status', 'endpoints', '-n', 'attacker')
      expect(status.out).toContain(`a job may not connect to ${METADATA}`)
      expect(await fromPod(`http://${METADATA}/`)).toBe('credentials of the node')
    })

    it('writes to no disk of the agent', async () => {
      const upload = [{ uploader: 'local', config: { path: '/work/namespaces/victim' } }]
      await attacker.create('to-disk', { collect: collecting({ data: { name: 'a', data: 'b' } }), upload })
      expect(await attacker.run('to-disk')).toMatchObject({ outcome: 'failed', error: { code: 'UPLOADER_REFUSED' } })
    })
  })

  describe('by what it collects, from the cluster or from the container', () => {
    /** Entries with what the report of each is to say. */
    const ENTRIES: Record<string, [object, RegExp]> = {
      'a path that leads out of the bundle': [{ data: { name: '../../../../etc', data: 'x' } }, /OUTPUT_PATH/],
      'the upload credential of its namespace': [
        { secret: { name: 'keys', includeAllData: true } },
        /SECRET_MISSING.*the agent works with it/,
      ],
      'another Secret of its namespace': [{ secret: { name: 'private', includeAllData: true } }, /SECRET_MISSING.*forbidden/],
      'all Secrets of its namespace': [{ secret: { selector: ['!none'], includeAllData: true } }, /SECRET_MISSING.*forbidden/],
      'the upload credential of another': [{ secret: { name: 'keys', namespace: 'victim', includeAllData: true } }, /forbidden/],
      'ConfigMaps of another': [{ configMap: { selector: ['!none'], namespace: 'victim', includeAllData: true } }, /forbidden/],
      'settings of the agent': [
        { configMap: { name: AGENT_NAME, namespace: AGENT_NAMESPACE, includeAllData: true } },
        /forbidden/,
      ],
      'a way up in a name': [{ configMap: { name: '../../victim/configmaps/x', namespace: 'attacker' } }, /CONFIG_MAP_MISSING/],
      'logs of another': [{ logs: { selector: ['app=web'], namespace: 'victim' } }, /forbidden/],
      'objects of others': [{ clusterResources: { namespaces: ['victim', AGENT_NAMESPACE] } }, /forbidden/],
      'a pod of its own image': [{ run: { image: 'localhost/workload:1', command: ['sh'] } }, /forbidden/],
      'a command in a pod of another': [{ exec: { selector: ['app=web'], namespace: 'victim', command: ['sh'] } }, /forbidden/],
    }
    const HOST: Record<string, [object, RegExp]> = {
      'bundles of another': [{ copy: { path: '/work/namespaces/victim/bundles/nightly/*' } }, /HOST_REFUSED/],
      'tokens of the container': [{ copy: { path: '/var/run/secrets/**' } }, /HOST_REFUSED/],
      'a command in the container': [{ run: { command: '/usr/bin/node', args: ['--version'] } }, /HOST_REFUSED/],
    }
    let bundle: Awaited<ReturnType<typeof openBundle>>
    beforeAll(async () => {
      const entriesOf = (all: Record<string, [object, RegExp]>) => Object.values(all).map(([entry]) => entry)
      const [spec] = collecting(...entriesOf(ENTRIES)).specs
      Object.assign(spec?.inline.spec ?? {}, { hostCollectors: entriesOf(HOST) })
      const collect = { specs: [spec], namespaces: ['victim', 'attacker', 'kube-system'] }
      await attacker.create('entries', { collect })
      bundle = await openBundle(node, await attacker.run('entries'))
    }, 120_000)

    it.each(Object.entries({ ...HOST, ...ENTRIES }))('gets not %s', (_, [entry, said]) => {
      // `run` and `copy` are keys of both lists: each of their entries says one of what their kind is refused with.
      const keyOf = (one: object) => Object.keys(one)[0]
      const same = Object.values({ ...HOST, ...ENTRIES }).filter(([other]) => keyOf(other) === keyOf(entry))
      const told = bundle.report.collectors.filter(({ key }) => key === keyOf(entry)).map(troubles)
      expect(told).toHaveLength(same.length)
      expect(told.filter((one) => said.test(one))).not.toEqual([])
      expect(told.filter((one) => !same.some(([, other]) => other.test(one)))).toEqual([])
    })

    it('holds nothing of another', async () => {
      expect(await bundle.text()).not.toMatch(LOOT)
      expect(bundle.paths.filter((path) => path.includes('..'))).toEqual([])
    })

    it('gets no upload credential even where it may read Secrets', async () => {
      const right = ['--verb=get,list', '--resource=secrets', '-n', 'attacker']
      await node.kubectl(['create', 'role', 'secrets', ...right])
      const account = `--serviceaccount=attacker:${COLLECTOR_ACCOUNT}`
      await node.kubectl(['create', 'rolebinding', 'secrets', '--role=secrets', account, '-n', 'attacker'])
      const entries = [{ name: 'keys' }, { name: 'private' }, { selector: ['!none'] }]
      const collect = collecting(...entries.map((secret) => ({ secret: { ...secret, includeAllData: true } })))
      await attacker.create('secrets', { collect })
      const { report, paths, read } = await openBundle(node, await attacker.run('secrets'))
      const [byName = '', other = '', byLabel = ''] = report.collectors.filter(({ key }) => key === 'secret').map(troubles)
      expect([byName, other, byLabel]).toEqual([
        expect.stringContaining('the Secret "attacker/keys" is not collected: the agent works with it'),
        '',
        expect.stringContaining('SECRET_WITHHELD'),
      ])
      expect(paths.filter((path) => /secrets\/.*keys/.test(path))).toEqual([])
      expect(await read('secrets/private.json')).toContain('accessKeyId')
    }, 60_000)

    it('names no file of the agent: such a job is refused', async () => {
      const job = { apiVersion: API_VERSION, schedule: '@daily', collect: { specs: [{ file: '/etc/passwd' }] } }
      const path = join(tmpdir(), 'job.json')
      writeFileSync(path, JSON.stringify(job))
      const made = await cli('create', 'of-a-file', '-n', 'attacker', '-f', path)
      expect(made).toMatchObject({ code: 2, err: expect.stringContaining('collect.specs[0].file is not a known key') })
      // As one does who asks no CLI.
      await attacker.create('of-a-file', job)
      const status = () => cli('status', 'of-a-file', '-n', 'attacker')
      await waitFor('the job to be refused', status, ({ out }) => /Valid=False Invalid: .*specs\[0\].file/.test(out))
    })
  })

  it('and a pod beside it find the ports of the agent closed, but for health and metrics', async () => {
    const { own, others } = await podsOf(node, await attacker.run('entries'))
    for (const pod of [own, ...others]) {
      const at = `http://${pod.status.podIP}`
      expect(await fromPod(`${at}:8080/healthz`)).toBe('ok\n')
      expect(await fromPod(`${at}:9090/metrics`)).toContain('troubleshoot_scheduler_')
      const token = (await node.kubectl(['exec', '-n', 'attacker', 'deploy/web', '--', 'cat', TOKEN])).trim()
      for (const path of ['/api/v1/agent', '/api/v1/namespaces/victim/jobs'])
        for (const header of [[], ['--header', `Authorization: Bearer ${token}`]])
          await expect(fromPod(`${at}:8080${path}`, ...header)).rejects.toThrow('401')
      // of this network namespace; 0A = listens
      const sockets = ['tcp', 'tcp6'].map(async (file) =>
        readFileSync(`/proc/${await node.pidOf(pod, 'agent')}/net/${file}`, 'utf8'),
      )
      const ports = (await Promise.all(sockets)).flatMap((text) =>
        [...text.matchAll(/:([0-9A-F]{4}) \S+ 0A/g)].map(([, port]) => port),
      )
      expect([...new Set(ports)].map((port) => Number.parseInt(port ?? '', 16)).toSorted()).toEqual([8080, 9090])
    }
  })

  it('finds the rights of the agent unused by all of it', () => {
    const events = node.auditEvents()
    const own = events.filter(({ user }) => user.username === `system:serviceaccount:${AGENT_NAMESPACE}:${AGENT_NAME}`)
    const kinds = own.map(
      ({ verb, objectRef }) => `${verb} ${[objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/')}`,
    )
    const allowed = /^(list|watch) namespaces$|^create (serviceaccounts\/token|tokenreviews|subjectaccessreviews)$|^\w+ leases$/
    expect([...new Set(kinds)].filter((kind) => !allowed.test(kind))).toEqual([])
    expect(kinds).toContain('create serviceaccounts/token')
    const collecting = events.filter(({ user }) => user.username === `system:serviceaccount:attacker:${COLLECTOR_ACCOUNT}`)
    const beyond = collecting.filter(({ objectRef }) => objectRef?.namespace && objectRef.namespace !== 'attacker')
    expect(new Set(beyond.map(({ objectRef }) => objectRef?.namespace))).toContain('victim')
    expect(beyond.filter(({ responseStatus }) => responseStatus?.code !== 403)).toEqual([])
  })
})

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'
