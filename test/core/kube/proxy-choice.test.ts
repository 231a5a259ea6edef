import { expect, it } from 'vitest'
import { environmentProxy } from '../../../core/kube/proxy-choice.ts'

const PROXY = 'http://proxy:3128'

it.each<[string, Record<string, string>, string, string | undefined]>([
  ['nothing set', {}, 'https://a', undefined],
  ['https', { HTTPS_PROXY: PROXY }, 'https://a', PROXY],
  ['lower case', { https_proxy: PROXY }, 'https://a', PROXY],
  ['a bare host', { HTTPS_PROXY: 'proxy:3128' }, 'https://a', PROXY],
  ['the other scheme', { HTTPS_PROXY: PROXY }, 'http://a', undefined],
  ['http', { HTTP_PROXY: PROXY }, 'http://a', PROXY],
  ['localhost', { HTTPS_PROXY: PROXY }, 'https://localhost:6443', undefined],
  ['loopback', { HTTPS_PROXY: PROXY }, 'https://127.8.0.1', undefined],
  ['loopback of IPv6', { HTTPS_PROXY: PROXY }, 'https://[::1]:6443', undefined],
  ['everything excluded', { HTTPS_PROXY: PROXY, NO_PROXY: 'x, *' }, 'https://a', undefined],
  ['the host', { HTTPS_PROXY: PROXY, no_proxy: 'a.example' }, 'https://a.example', undefined],
  ['its domain', { HTTPS_PROXY: PROXY, NO_PROXY: 'example' }, 'https://A.Example', undefined],
  ['its domain with a dot', { HTTPS_PROXY: PROXY, NO_PROXY: '.example' }, 'https://a.example', undefined],
  ['its domain with a star', { HTTPS_PROXY: PROXY, NO_PROXY: '*.example' }, 'https://a.example', undefined],
  ['a dot means below only', { HTTPS_PROXY: PROXY, NO_PROXY: '.example' }, 'https://example', PROXY],
  ['another host with that end', { HTTPS_PROXY: PROXY, NO_PROXY: 'ample' }, 'https://a.example', PROXY],
  ['the port', { HTTPS_PROXY: PROXY, NO_PROXY: 'a:6443' }, 'https://a:6443', undefined],
  ['another port', { HTTPS_PROXY: PROXY, NO_PROXY: 'a:443' }, 'https://a:6443', PROXY],
  ['an address', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.1' }, 'https://10.0.0.1:6443', undefined],
  ['an address of IPv6', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::1' }, 'https://[fd00::1]:6443', undefined],
  ['a range', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, 'https://10.1.2.3', undefined],
  ['a range of IPv6', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, 'https://[fd12::3]', undefined],
  ['outside of a range', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, 'https://11.1.2.3', PROXY],
  ['a broken range', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/99' }, 'https://10.1.2.3', PROXY],
])('%s', (_, env, server, want) => {
  expect(environmentProxy(server, env)).toBe(want)
})
