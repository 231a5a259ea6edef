/** A class, a run of stars, an escaped character, or any one character. */
const TOKEN = /\[(?<not>!?)(?<class>(?:\\[^]|[^\]\\])+)\]|(?<stars>\*\*+)|\\(?<escaped>[^])|(?<one>[^])/g

/**
 * Compiles a fileSelector glob as troubleshoot reads it: `*` and `?` stay within a folder, `**` crosses folders, `[a-z]` and
 * `[!a-z]` are one character of a class, `{a,b}` is either, and a backslash takes the next character as it is.
 */
export function globPattern(glob: string): RegExp {
  let depth = 0
  let source = ''
  for (const { groups = {} } of glob.matchAll(TOKEN)) {
    const { class: members, stars, one } = groups
    if (members !== undefined) source += `[${groups['not'] ? '^' : ''}${members.replaceAll(/[[^\\]/g, String.raw`\$&`)}]`
    else if (stars !== undefined) source += '[^]*'
    else if (one === '*') source += '[^/]*'
    else if (one === '?') source += '[^/]'
    else if (one === '{') [source, depth] = [`${source}(?:`, depth + 1]
    else if (one === '}' && depth > 0) [source, depth] = [`${source})`, depth - 1]
    else if (one === ',' && depth > 0) source += '|'
    else source += (one ?? groups['escaped'] ?? '').replaceAll(/[$()*+./?[\\\]^{|}-]/g, String.raw`\$&`)
  }
  return new RegExp(`^${source}${')'.repeat(depth)}$`)
}
