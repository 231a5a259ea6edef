import { isBuiltin } from 'node:module'

/** What `esbuild` prints for `import a, { b as c } from "node:x"` and `import * as d from "node:x"`. */
const IMPORT = /^import\s+(?:([\w$]+)\s*,?\s*)?(?:\{([^}]*)\}|\*\s+as\s+([\w$]+))?\s*from\s+"([\w:/]+)";\n/gm

/**
 * A chunk of the build that gets Node's modules without importing them. An `import` reads each export of such a module, among
 * them getters that load more: undici for node:http (45 ms of CPU time), the promises for node:fs (4 ms).
 */
export function withoutImports(code: string): string {
  const found: string[] = []
  const rest = code.replace(IMPORT, (line: string, name?: string, names?: string, all?: string, from = '') => {
    if (!isBuiltin(from)) return line
    const module = `process.getBuiltinModule("${from}")`
    for (const whole of [name, all]) if (whole) found.push(`const ${whole} = ${module};\n`)
    if (names) found.push(`const {${names.replaceAll(/([\w$]+)\s+as\s+([\w$]+)/g, '$1: $2')}} = ${module};\n`)
    return ''
  })
  return onTop(rest, found.join(''))
}

/** Statements at the top of a program, where its imports would be. */
export function onTop(code: string, statements: string): string {
  const at = code.startsWith('#!') ? code.indexOf('\n') + 1 : 0
  return code.slice(0, at) + statements + code.slice(at)
}
