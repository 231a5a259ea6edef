import { isIP } from 'node:net'
import { fail } from '../../core/errors.ts'
import { durationMs } from '../../core/quantity.ts'
import { checkDuration } from '../flag-values.ts'
import { defineArgs } from '../verb.ts'
import { COMPONENTS, type Component } from './desired.ts'

/** Flags that `install` and `upgrade` have in common. */
export const INSTALL_ARGS = defineArgs({
  namespaced: {
    type: 'string',
    description: 'everything in this one namespace, which it also serves; no rights in the cluster are needed',
    valueHint: 'NAMESPACE',
  },
  image: { type: 'string', description: 'image of the agent', valueHint: 'REF' },
  'api-cidr': {
    type: 'string',
    description: 'network of the API server, like 10.0.0.1/32: the agent reaches port 6443 nowhere else; may be repeated',
    valueHint: 'CIDR',
  },
  with: { type: 'string', description: `parts besides the base, with commas: ${COMPONENTS.join(', ')}`, valueHint: 'PART,…' },
  force: { type: 'boolean', description: 'take over fields that others own' },
  wait: { type: 'boolean', description: 'wait until the agent is ready' },
  timeout: { type: 'string', default: '2m', description: 'how long --wait waits', valueHint: 'DURATION' },
})

export interface InstallFlags {
  namespaced: string | undefined
  image: string | undefined
  apiCidrs: string[]
  components: Component[]
  timeoutMs: number
}

interface Given {
  namespaced?: string | undefined
  image?: string | undefined
  timeout: string
}

/** `[registry[:port]/]path[:tag][@digest]`, as container runtimes take it. */
const IMAGE =
  /^[a-z0-9][-a-z0-9.]*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(@sha256:[0-9a-f]{64})?$/
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** Parts that have an object of the whole cluster. */
const isClusterWide = (component: Component) => component !== 'durable-outbox'

/** Throws USAGE_FLAG_VALUE for whatever is wrong, before anything is sent. */
export function readInstallFlags(
  command: string,
  given: Given,
  cidrs: readonly string[],
  parts: readonly string[],
): InstallFlags {
  const wrong = (flag: string, reason: string) => fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command, reason })
  const { namespaced, image, timeout } = given
  if (namespaced !== undefined && !NAMESPACE.test(namespaced)) throw wrong('namespaced', `takes a namespace, not "${namespaced}"`)
  if (image !== undefined && !IMAGE.test(image))
    throw wrong('image', `takes a reference like registry/name:1.0.0, not "${image}"`)
  const apiCidrs = cidrs.flatMap((text) => text.split(','))
  for (const cidr of apiCidrs) if (!isCidr(cidr)) throw wrong('api-cidr', `takes a network like 10.0.0.1/32, not "${cidr}"`)
  const components = readWords(command, 'with', parts, COMPONENTS)
  const cluster = components.find(isClusterWide)
  if (namespaced !== undefined && cluster !== undefined)
    throw wrong('with', `takes "${cluster}" not together with --namespaced: it has objects of the whole cluster`)
  checkDuration(command, 'timeout', timeout, '2m', 1000)
  return { namespaced, image, apiCidrs, components, timeoutMs: durationMs(timeout) }
}

/** Words with commas between them, each one of the known. Throws USAGE_FLAG_VALUE. */
export function readWords<Word extends string>(
  command: string,
  flag: string,
  given: readonly string[],
  known: readonly Word[],
): Word[] {
  const words = given.flatMap((text) => text.split(','))
  const found = words.map((word) => {
    const one = known.find((name) => name === word)
    if (one === undefined)
      throw fail('USAGE_FLAG_VALUE', { flag: `--${flag}`, command, reason: `takes some of ${known.join(', ')}, not "${word}"` })
    return one
  })
  return [...new Set(found)]
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  const version = isIP(address)
  return more.length === 0 && version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
}
