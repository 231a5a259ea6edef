/**
 * Where each file found by a pattern goes, as pairs [file, path below the collector's folder].
 *
 * A match keeps its own name, and what lies below a matched folder its place in it. Two matches of one name, as
 * /opt/a/log and /opt/b/log by /opt/x/log with a star for x, would be one file: the second also keeps the folders that the
 * pattern left open.
 */
export function destinations(pattern: string, found: string[]): Map<string, string> {
  const segments = pattern.split('/')
  const fixed = segments.findIndex((segment) => /[*?[]/.test(segment))
  const deep = segments.findIndex((segment) => segment === '**')
  const own = deep === -1 ? segments.length - 1 : deep
  const taken = new Set<string>()
  const paths = new Map<string, string>()
  for (const file of found) {
    if (paths.has(file)) continue
    const parts = file.split('/')
    const choices = [own, fixed === -1 ? own : fixed].map((start) => parts.slice(Math.min(start, parts.length - 1)).join('/'))
    const path = choices.find((choice) => !taken.has(choice)) ?? choices[1] ?? file
    taken.add(path)
    paths.set(file, path)
  }
  return paths
}
