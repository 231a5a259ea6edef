import connectivity from '../../../collectors/host-network-namespace-connectivity/index.ts'
import { createHost } from '../../../agent/task/host.ts'
import { systemClock } from '../../../core/clock.ts'
import { gather, hostContext } from '../../../core/testkit/index.ts'

/** A program: what the collector writes on the machine that it runs on. */
const { signal } = new AbortController()
const host = createHost({ root: '/', platform: 'linux', env: process.env, clock: systemClock, signal })
const entry = { fromCIDR: '198.51.100.0/24', toCIDR: '203.0.113.0/24', timeout: '1s' }
const result = await connectivity.configSchema['~standard'].validate(entry)
if (result.issues) throw new Error(JSON.stringify(result.issues))
const { files } = await gather(connectivity.collect(hostContext({ config: result.value, host, clock: systemClock })))
process.stdout.write(files[0]?.text ?? '')
