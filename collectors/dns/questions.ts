/** What a pod learned of DNS. */
export interface Answers {
  resolvConf: string
  /** whether it asked, and the last line of what it was told */
  kubernetes: { name: string; address: string }
  nonResolvable: string
}

const TITLES = ['=== /etc/resolv.conf ===', '=== dig kubernetes ===', '=== dig non-existent-domain ==='] as const

/** The name comes as an argument: it is no part of the script. */
export const SCRIPT = [
  `echo "${TITLES[0]}"`,
  'cat /etc/resolv.conf',
  `echo "${TITLES[1]}"`,
  'dig +search +short kubernetes',
  `echo "${TITLES[2]}"`,
  'dig +search +short "$1"',
  'exit 0',
].join('\n')

/** Reads what the script printed. */
export function readAnswers(log: string): Answers {
  const answers: Answers = { resolvConf: '', kubernetes: { name: '', address: '' }, nonResolvable: '' }
  const readers = [
    (line: string) => (answers.resolvConf += `${line}\n`),
    (line: string) => (answers.kubernetes = { name: 'kubernetes', address: line }),
    (line: string) => (answers.nonResolvable = line),
  ]
  let section = -1
  for (const line of log.replace(/\n$/, '').split('\n')) {
    const title = TITLES.findIndex((one) => line.includes(one))
    if (title >= 0) section = title
    else readers[section]?.(line)
  }
  return answers
}
