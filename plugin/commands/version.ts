import { VERSION } from '../../core/version.ts'
import { OUTPUT, readFormat, show } from '../output/format.ts'
import { defineVerb } from '../verb.ts'

export default defineVerb({
  usage: 'version [flags]',
  about: 'Shows the version of this program and of the time zone data it uses.',
  args: { output: OUTPUT },
  async run({ args, edge }) {
    const data = { version: VERSION, zoneData: edge.zoneData, node: edge.nodeVersion }
    const text = `version: ${data.version}\nnode: ${data.node}\ntime zone data: ${data.zoneData}\n`
    edge.out(await show(await readFormat(args.output, 'version'), { data, names: [VERSION], table: () => text }))
  },
})
