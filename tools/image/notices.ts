import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DebianRoot } from './debian.ts'
import type { Package } from './lockfile.ts'
import type { NodePackage } from './node-package.ts'

const RULE = `\n${'='.repeat(80)}\n\n`
/** with any ending but one of code */
const LICENSE_FILE = /^(licen[cs]e|copying|notice)(?!.*\.([cm]?[jt]s|json)$)/i
/** What Debian's copyright files refer to without quoting it. */
const COMMON_LICENSES = ['GPL-3', 'LGPL-2.1']

interface Notice {
  /** who it is about: one line each */
  about: string[]
  text: string
}

/**
 * Names, versions and licences of all that others wrote, with the licence texts that their packages carry; a text that several
 * packages share stands there once. The same input gives the same text.
 */
export function thirdPartyNotices(root: string, packages: readonly Package[], node: NodePackage, debian: DebianRoot): string {
  const notices: Notice[] = [
    { about: [`Node.js ${node.version} (MIT, with the parts named below)`], text: readText(node.folder, 'LICENSE') },
    ...debian.packages.map(({ name, version, source, license }) => ({
      about: [`${name} ${version} (${license}), a binary package of ${debian.distribution} from the source package ${source}`],
      text: readText(debian.folder, 'usr/share/doc', name, 'copyright'),
    })),
    ...COMMON_LICENSES.map((name) => ({ about: [name], text: readText(debian.folder, 'usr/share/common-licenses', name) })),
    ...packages.map((one) => ({
      about: [`${one.name} ${one.version} (${one.license})`],
      text: textsIn(join(root, one.path)) || `Its package carries no licence text. Licence: ${one.license}.\n`,
    })),
  ]
  const intro = 'What this image holds besides the product itself, and under which licences.\n'
  return [intro, ...shared(notices).map(({ about, text }) => `${about.join('\n')}\n\n${text.trimEnd()}\n`)].join(RULE)
}

/** Notices of one text become one. */
function shared(notices: readonly Notice[]): Notice[] {
  return [...Map.groupBy(notices, ({ text }) => text)].map(([text, of]) => ({
    text,
    about: [...new Set(of.flatMap(({ about }) => about))],
  }))
}

const textsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => LICENSE_FILE.test(name))
    .sort()
    .map((name) => readText(folder, name))
    .join('\n')

const readText = (...path: string[]) => readFileSync(join(...path), 'utf8').replaceAll('\r\n', '\n')
