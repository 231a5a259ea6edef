import { expect, it } from 'vitest'
import { fits } from '../../../collectors/logs/selector.ts'

const labels = { app: 'web', tier: 'front', 'app.kubernetes.io/name': 'shop', empty: '' }

it.each<[string[], boolean]>([
  [[], true],
  [['app=web'], true],
  [['app==web'], true],
  [[' app = web '], true],
  [['app=api'], false],
  [['app=web', 'tier=front'], true],
  [['app=web,tier=back'], false],
  [['app!=api'], true],
  [['app!=web'], false],
  [['none!=x'], true],
  [['app in (api, web)'], true],
  [['app in (api)'], false],
  [['none in (x)'], false],
  [['app notin (api,db),tier=front'], true],
  [['app notin (web)'], false],
  [['none notin (x)'], true],
  [['app'], true],
  [['none'], false],
  [['!none'], true],
  [['!app'], false],
  [['app.kubernetes.io/name=shop'], true],
  [['empty='], true],
  [['app='], false],
  [['toString'], false],
  [['app>5'], false],
  [['app = web = x'], false],
])('%j', (selector, wanted) => {
  expect(fits(selector, labels)).toBe(wanted)
})
