/** Where the files of host collectors lie. */
const FOLDER = 'host-collectors/'
/** The peer's file of the nodes that it looked at. */
export const NODE_LIST_FILE = `${FOLDER}system/node_list.json`

/**
 * Where a file of a host collector lies when it is one node's: `host-collectors/system/a.json` →
 * `host-collectors/<node>/system/a.json`, as the peer writes it. Its analyzers look for `host-collectors/system/<node>/a.json`,
 * which is a link.
 */
export function nodePaths(node: string, path: string): { path: string; links: string[] } {
  const inner = path.startsWith(FOLDER) ? path.slice(FOLDER.length) : path
  const own = `${FOLDER}${node}/${inner}`
  const [folder = '', file, ...deeper] = inner.split('/')
  const link = `${FOLDER}${folder}/${node}/${file}`
  return { path: own, links: file === undefined || deeper.length > 0 || link === own ? [] : [link] }
}
