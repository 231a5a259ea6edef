import { afterEach, beforeEach, expect, it } from 'vitest'
import type { NodeWord } from '../../../../core/node-words.ts'
import { makeWorkspace, runRequest, spec, taskProgram, type Workspace } from '../../../support/task.ts'
import { ours, peers, peerTool } from '../../analysis/peer-tool.ts'

let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const FILES: Record<string, (node: string) => object> = {
  'system/memory.json': (node) => ({ total: node === 'n1' ? 2 ** 30 : 2 ** 33 }),
  'system/cpu.json': () => ({ logicalCount: 4, physicalCount: 2, flags: [], machineArch: 'x86_64' }),
  'system/hostos_info.json': (node) => ({
    name: node,
    kernelVersion: '5.15.0-102-generic',
    platformVersion: '22.04',
    platform: 'ubuntu',
    platformFamily: 'debian',
  }),
  'tcpPortStatus/tcpPortStatus.json': (node) => ({ status: node === 'n1' ? 'connected' : 'address-in-use' }),
}
const hostAnalyzers = [
  { memory: { outcomes: [{ fail: { when: '< 2Gi', message: 'too little' } }, { pass: { message: 'enough' } }] } },
  { cpu: { outcomes: [{ pass: { when: 'logical >= 4', message: 'four' } }, { fail: { message: 'few' } }] } },
  { hostOS: { outcomes: [{ pass: { when: 'ubuntu >= 20.04', message: 'new' } }, { fail: { message: 'old' } }] } },
  { tcpPortStatus: { outcomes: [{ fail: { when: 'address-in-use', message: 'taken' } }, { pass: { message: 'free' } }] } },
]

it("the peer's analyzers find the files of nodes, and say of each what ours say", async ({ skip }) => {
  const request = runRequest(space, {
    specs: [spec({ hostCollectors: [{ memory: {} }], hostAnalyzers })],
    mayUseHost: false,
    onNodes: true,
  })
  const { result } = await taskProgram().start(request, {
    ...{ timeoutMs: 60_000, memoryBytes: 2 ** 30 },
    async onNodes(_, listener) {
      listener.nodes(['n1', 'n2'])
      for (const node of ['n1', 'n2']) {
        const said = Object.entries(FILES).flatMap(([path, content]): NodeWord[] => [
          { kind: 'output', entry: 0, path: `host-collectors/${path}`, format: 'json' },
          { kind: 'piece', base64: Buffer.from(JSON.stringify(content(node))).toString('base64') },
          { kind: 'end' },
        ])
        for (const word of [...said, { kind: 'over' } as const]) await listener.say(node, word)
      }
    },
  })
  const archive = result?.archive.path ?? ''
  const mine = await ours(archive, { hostAnalyzers })
  expect(mine.lines).toEqual([
    'fail | Amount of Memory - Node n1 | too little',
    'pass | Amount of Memory - Node n2 | enough',
    'pass | Number of CPUs - Node n1 | four',
    'pass | Number of CPUs - Node n2 | four',
    'pass | Host OS Info - Node n1 | new',
    'pass | Host OS Info - Node n2 | new',
    'pass | TCP Port Status - Node n1 | free',
    'fail | TCP Port Status - Node n2 | taken',
  ])
  const tool = await peerTool('a comparison of host analyzers on nodes')
  if (tool === '') return skip()
  const theirs = await peers(tool, archive, { hostAnalyzers })
  expect(theirs.lines).toEqual(mine.lines)
  expect(theirs.json).toEqual(mine.json)
}, 1_200_000)
