/** Folders that lie in a bundle: one of them at the front of an archive means that it has no top folder. */
const OWN_FOLDERS =
  /^(?:cluster-resources|cluster-info|host-collectors|configmaps|secrets|collector-errors|execution-data|metadata|support-bundle-schedule)$/

/** Takes the top folder, which the first entry of an archive tells, off the names of all entries. */
export function topFolder(): (name: string) => string {
  let top: string | undefined
  return (name) => {
    const bare = name.replace(/^(?:\.\/)+/, '')
    const slash = bare.indexOf('/')
    const first = slash < 0 ? '' : bare.slice(0, slash)
    top ??= OWN_FOLDERS.test(first) ? '' : first
    return top !== '' && first === top ? bare.slice(slash + 1) : bare
  }
}
