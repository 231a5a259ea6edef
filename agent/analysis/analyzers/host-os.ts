import * as z from 'zod'
import { jsonFileAnalyzer } from '../json-file.ts'
import { parseTolerantVersion } from '../semver.ts'
import type { Version } from '../semver.ts'
import { parseRange } from '../semver-range.ts'
import type { VersionRange } from '../semver-range.ts'

const text = z.string().default('')
const HostOS = z.object({ kernelVersion: text, platform: text, platformFamily: text, platformVersion: text })

/**
 * `when`: `<subject> <op> <version>`, followed by any number of `|| <op> <version>` and `&& <op> <version>`. The subject
 * is a platform or its family (`ubuntu`, `rhel`), `kernelVersion`, or `<platform>-<version>-kernel`. False on another
 * platform.
 */
export const hostOS = jsonFileAnalyzer({
  title: () => 'Host OS Info',
  path: () => 'host-collectors/system/hostos_info.json',
  content: HostOS,
  holds(when, os) {
    const [subject = '', ...terms] = when.split(' ')
    const isInRange = readTerms(terms)
    const isKernel = subject === 'kernelVersion' || subject === `${os.platform}-${os.platformVersion}-kernel`
    if (isKernel && isInRange(plainVersion(os.kernelVersion))) return true
    return (subject === os.platform || subject === os.platformFamily) && isInRange(plainVersion(os.platformVersion))
  },
})

function readTerms(words: string[]): VersionRange {
  if (words.length % 3 !== 2) throw new Error('it must be like "ubuntu == 20.04" or "rhel >= 8 && < 9"')
  let range = ''
  for (let at = -1; at < words.length; at += 3) {
    const joint = words[at] ?? '&&'
    if (joint !== '&&' && joint !== '||') throw new Error(`"${joint}" must be && or ||`)
    const { numbers } = plainVersion(words[at + 2] ?? '')
    range += `${joint === '||' ? ' || ' : ' '}${words[at + 1]}${numbers.join('.')}`
  }
  return parseRange(range)
}

/** The numbers at the front of a version, at most three of them: 5.4.0-1034-gcp is 5.4.0. */
function plainVersion(version: string): Version {
  return parseTolerantVersion(/^\d+(?:\.\d+){0,2}/.exec(version)?.[0] ?? '')
}
