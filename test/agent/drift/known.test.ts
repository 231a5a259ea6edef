import { describe, expect, it } from 'vitest'
import { collectFacts } from '../../../agent/drift/collect-facts.ts'
import { compareFacts } from '../../../agent/drift/compare.ts'
import type { Facts } from '../../../agent/drift/facts.ts'
import { changes, deployment, factsOf, type Files, item, linesBetween, listText, owned, pod, RUN } from './bundle.ts'

const clusterWide = (kind: string, name: string) => item(kind, name, {}, { namespace: undefined })
const CRD = { 'custom-resource-definitions.json': [clusterWide('CustomResourceDefinition', 'certs.example.com')] }
const CERT = item('Cert.example.com', 'web')
const CERTS = 'custom-resources/certs.example.com/shop.json'
const SERVICES: Files = { 'services/shop.json': [] }
const namespaces = (...names: string[]): Files => ({ 'namespaces.json': names.map((name) => clusterWide('Namespace', name)) })

/** Bare arrays are how namespaces come that were named. */
const named = (...names: string[]): Files => ({
  'namespaces.json': JSON.stringify(names.map((name) => clusterWide('Namespace', name))),
})

describe('what one of the runs does not know is not compared:', () => {
  const web: Files = { 'services/shop.json': [item('Service', 'web')] }
  const cases: readonly [what: string, before: Files, now: Files, lines: string[]][] = [
    ['a list that failed now', web, {}, []],
    ['a list that failed before', {}, web, []],
    ['a list that is cut off', web, { 'services/shop.json': '{"kind":"ServiceList","items":[{"kind":"Service","meta' }, []],
    ['what is no list', web, { 'services/shop.json': '{"kind":"Status"}' }, []],
    ['an empty list that is cut off', web, { 'services/shop.json': '{"kind":"ServiceList","items":[]' }, []],
    ['what is no list, and ends like one', web, { 'services/shop.json': '{"kind":"Status","causes":[]}' }, []],
    ['a list that is no JSON', web, { 'services/shop.json': 'gone' }, []],
    [
      'a namespace that only the new spec names',
      { ...named('a'), 'services/a.json': [] },
      { ...named('a', 'shop'), 'services/a.json': [], ...web },
      ['+ Namespace shop'],
    ],
    [
      'pods that could not be listed',
      { 'deployments/shop.json': [deployment('web')], 'pods/shop.json': [owned(pod('web-1-a'), 'ReplicaSet', 'web-1')] },
      { 'deployments/shop.json': [deployment('web')] },
      [],
    ],
    ['custom resources without their definitions', { ...CRD, ...SERVICES, [CERTS]: [CERT] }, SERVICES, []],
    [
      'custom resources that failed in a namespace',
      { ...CRD, ...SERVICES, [CERTS]: [CERT] },
      { ...CRD, ...SERVICES, 'custom-resources/custom-resources-errors.json': '{"certs.example.com/shop":"no"}' },
      [],
    ],
    [
      'custom resources that failed',
      { ...CRD, ...SERVICES, [CERTS]: [CERT] },
      { ...CRD, ...SERVICES, 'custom-resources/custom-resources-errors.json': '{"certs.example.com":"no"}' },
      [],
    ],
    [
      'custom resources when their errors cannot be read',
      { ...CRD, ...SERVICES, [CERTS]: [CERT] },
      { ...CRD, ...SERVICES, 'custom-resources/custom-resources-errors.json': 'oh' },
      [],
    ],
    [
      'a kind that only one of the runs lists, in a namespace that is new',
      { ...namespaces('a'), 'services/a.json': [] },
      { ...namespaces('a', 'shop'), 'services/a.json': [], 'limitranges/shop.json': [item('LimitRange', 'web')] },
      ['+ Namespace shop'],
    ],
    [
      'custom resources of a namespace of which only another kind of them is listed',
      { ...CRD, ...SERVICES, [CERTS]: [CERT] },
      { ...CRD, 'custom-resources/keys.example.com/shop.json': [] },
      [],
    ],
    [
      'a namespace, when it is not known which there are',
      { 'services/shop.json': [item('Service', 'web')] },
      { 'services/a.json': [], 'namespaces/a.json': '{"items":[]}' },
      [],
    ],
    ['custom resources of a namespace that may not be seen', { ...CRD, ...SERVICES, [CERTS]: [CERT] }, CRD, []],
  ]
  it.each(cases)('%s', (_, before, now, lines) => {
    expect(changes(before, now)).toEqual(lines)
  })

  it('custom resources, when the collector was cut off', () => {
    const before = factsOf({ ...CRD, ...SERVICES, [CERTS]: [CERT] })
    expect(linesBetween(before, factsOf({ ...CRD, ...SERVICES }, { isCustomWhole: false }))).toEqual([])
  })

  it('a file that is too large to be shown', () => {
    const before = factsOf({ ...CRD, ...SERVICES, [CERTS]: [CERT] })
    const tap = collectFacts()
    for (const path of ['cluster-resources/custom-resource-definitions.json', 'cluster-resources/services/shop.json'])
      tap.file(path, Buffer.from(listText(path, [])))
    tap.passedOver(`cluster-resources/${CERTS}`)
    expect(linesBetween(before, tap.finish(RUN))).toEqual(['- CustomResourceDefinition certs.example.com'])
  })

  it('and is counted', () => {
    const { unknown, compared } = compareFacts(factsOf(web), factsOf({ 'nodes.json': [] }))
    expect({ unknown, compared }).toEqual({ unknown: ['nodes', 'services/shop'], compared: 0 })
  })
})

describe('what is empty for sure is compared:', () => {
  const cases: readonly [what: string, before: Files, now: Files, lines: string[]][] = [
    [
      'a namespace that is new',
      { ...namespaces('a'), 'services/a.json': [] },
      { ...namespaces('a', 'shop'), 'services/a.json': [], 'services/shop.json': [item('Service', 'web')] },
      ['+ Namespace shop', '+ Service shop/web'],
    ],
    [
      'a namespace that is gone',
      { ...namespaces('a', 'shop'), 'services/a.json': [], 'services/shop.json': [item('Service', 'web')] },
      { ...namespaces('a'), 'services/a.json': [] },
      ['- Namespace shop', '- Service shop/web'],
    ],
    [
      'the first custom resource',
      { ...CRD, ...SERVICES },
      { ...CRD, ...SERVICES, [CERTS]: [CERT] },
      ['+ Cert.example.com shop/web'],
    ],
    [
      'the last custom resource',
      { ...CRD, ...SERVICES, [CERTS]: [CERT] },
      { ...CRD, ...SERVICES },
      ['- Cert.example.com shop/web'],
    ],
    [
      'custom resources in a namespace that is new',
      { ...CRD, ...namespaces('a'), 'services/a.json': [] },
      { ...CRD, ...namespaces('a', 'shop'), 'services/a.json': [], ...SERVICES, [CERTS]: [CERT] },
      ['+ Namespace shop', '+ Cert.example.com shop/web'],
    ],
    [
      'custom resources of the whole cluster',
      { ...CRD, ...SERVICES },
      { ...CRD, ...SERVICES, 'custom-resources/certs.example.com.json': [clusterWide('Cert.example.com', 'root')] },
      ['+ Cert.example.com root'],
    ],
  ]
  it.each(cases)('%s', (_, before, now, lines) => {
    expect(changes(before, now)).toEqual(lines)
  })
})

describe('runs that mask differently', () => {
  it('have no specs to compare, but all else', () => {
    const before = factsOf({ 'deployments/shop.json': [deployment('web')] }, { masking: 'a' })
    const now = factsOf({ 'deployments/shop.json': [deployment('web', { image: 'web:2' })] }, { masking: 'b' })
    expect(compareFacts(before, now).isSpecUnknown).toBe(true)
    expect(linesBetween(before, now)).toEqual(['~ Deployment shop/web: images web:1 → web:2'])
  })
})

describe('verdicts', () => {
  const judged = (verdicts: Record<string, string>): Facts => factsOf({}, { verdicts: new Map(Object.entries(verdicts)) })

  it('flip when both runs made the check', () => {
    const lines = linesBetween(
      judged({ pods: 'pass', nodes: 'pass', old: 'fail' }),
      judged({ pods: 'fail', nodes: 'pass', new: 'fail' }),
    )
    expect(lines).toEqual(['! pods: pass → fail'])
  })

  it('are not known of a run that did not analyze', () => {
    expect(linesBetween(factsOf({}), judged({ pods: 'fail' }))).toEqual([])
    expect(linesBetween(judged({ pods: 'fail' }), factsOf({}))).toEqual([])
  })
})
