import * as z from 'zod'
import { COMMON, defineAnalyzer } from '../define.ts'
import { ofFile } from '../gather.ts'
import { Text } from '../outcomes.ts'
import { readJson } from '../shapes.ts'

/**
 * Whether each of `selectedConfigs`, like `CONFIG_NF_NAT_IPV4=ym`, has one of its values. The first pass or fail outcome, as
 * it is; in a failure's message `{{ .ConfigsNotFound }}` stands for those that have not.
 */
export const kernelConfigs = defineAnalyzer({
  schema: z.strictObject({ ...COMMON, collectorName: Text, selectedConfigs: z.array(Text).nullish() }),
  title: () => 'Kernel Configs',
  start({ selectedConfigs, outcomes }, report) {
    const wanted = (selectedConfigs ?? []).map((config) => {
      const [, key = '', values = ''] = /^(CONFIG_[A-Z0-9_]+)=([ymn]+)$/.exec(config) ?? []
      if (key === '') throw new Error(`"${config}" is not a kernel config like CONFIG_BRIDGE=ym`)
      return { config, key, values }
    })
    return ofFile(
      {
        path: 'host-collectors/system/kernel-configs.json',
        read: (path, bytes) => new Map(Object.entries(readJson(path, bytes, z.record(z.string(), z.string())))),
        judge(configs) {
          const lacking = wanted.filter(({ key, values }) => !configs.has(key) || !values.includes(configs.get(key) ?? ''))
          const verdict = lacking.length === 0 ? 'pass' : 'fail'
          const branch = outcomes.find((outcome) => outcome[verdict])?.[verdict]
          const names = lacking.map(({ config }) => config).join(', ')
          return [
            report(
              branch
                ? { verdict, message: branch.message.replaceAll('{{ .ConfigsNotFound }}', () => names), uri: '' }
                : undefined,
            ),
          ]
        },
      },
      report,
    )
  },
})
