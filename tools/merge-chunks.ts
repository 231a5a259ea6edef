import { basename, dirname, relative, resolve } from 'node:path'
import type { Options } from 'tsup'
import { withoutImports } from './built-in-modules.ts'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]
type Output = { path: string; contents: Uint8Array; hash: string; text: string }

/** A file that takes the place of all chunks that the modules `from` load at once; the first group to load a chunk has it. */
export interface Group {
  name: string
  from: readonly string[]
}

const STATIC = /^import (?:\{([^}]*)\} from )?"(\.{1,2}\/[^"]+)";$/gm
const DYNAMIC = /\bimport\("(\.{1,2}\/[^"]+)"\)/g

/**
 * For the build of a program whose start must be quick: splitting gives dozens of small chunks, and Node needs 0.7 ms for each.
 * Every module stays a single one: what is outside of a group imports from its file.
 */
export function mergeChunks(groups: readonly Group[]): Plugin {
  return {
    name: 'merge-chunks',
    setup(build) {
      build.onEnd(async (result) => {
        const outputs = result.metafile?.outputs ?? {}
        const files = new Map(result.outputFiles?.map((file) => [file.path, file]))
        const places = placeChunks(outputs, groups)
        const point = (file: Output) => pointToGroups(file.text, dirname(file.path), places)
        const merged = await Promise.all(
          groups.map(async ({ name }) => {
            const mine = [...places].filter(([, place]) => place.group === name)
            const made = await build.esbuild.build({
              stdin: {
                contents: mine
                  .flatMap(([path, { prefix, names }]) =>
                    names.map((one) => `export { ${one} as ${prefix}${one} } from "${path}"\n`),
                  )
                  .join(''),
                resolveDir: '/',
              },
              plugins: [memory(new Map(mine.map(([path]) => [path, files.get(path)?.text ?? ''])))],
              ...{
                bundle: true,
                format: 'esm',
                platform: 'node',
                target: 'node22',
                legalComments: 'none',
                write: false,
                outfile: fileOf(mine, name),
              },
            })
            return made.outputFiles ?? []
          }),
        )
        const rest = [...files.values()].filter(({ path }) => !places.has(path))
        result.outputFiles = [
          ...rest.map((file) => withText(file, point(file))),
          ...merged.flat().map((file) => withText(file, point(file))),
        ]
      })
    },
  }
}

interface Place {
  group: string
  /** in front of the names of the chunk's exports, of which two chunks may have the same */
  prefix: string
  names: string[]
}
type Outputs = Record<string, { entryPoint?: string; exports: string[]; imports: { path: string; kind: string }[] }>

/** Which group each chunk goes to, by its path. */
function placeChunks(outputs: Outputs, groups: readonly Group[]): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const { name, from } of groups) {
    const open = Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
      entryPoint !== undefined && from.includes(entryPoint) ? [path] : [],
    )
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (places.has(resolve(path))) continue
      const { exports = [], imports = [] } = outputs[path] ?? {}
      places.set(resolve(path), { group: name, prefix: `_${places.size}$`, names: exports })
      open.push(...imports.flatMap((one) => (one.kind === 'import-statement' && outputs[one.path] ? [one.path] : [])))
    }
  }
  return places
}

const fileOf = (chunks: [string, Place][], name: string) =>
  `${dirname(chunks.find(([path]) => basename(path).startsWith('chunk-'))?.[0] ?? '')}/${name}.js`

/** Gives esbuild its own chunks again. Those of other groups stay imports. */
function memory(chunks: Map<string, string>): Plugin {
  return {
    name: 'chunks',
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path, resolveDir, kind }) => {
        const whole = resolve(resolveDir, path)
        return kind !== 'dynamic-import' && chunks.has(whole) ? { path: whole, namespace: 'chunk' } : { path, external: true }
      })
      build.onLoad({ filter: /./, namespace: 'chunk' }, ({ path }) => ({
        contents: withoutImports(chunks.get(path) ?? ''),
        resolveDir: dirname(path),
      }))
    },
  }
}

/** A file whose imports of merged chunks have become imports of their groups' files. */
function pointToGroups(code: string, folder: string, places: Map<string, Place>): string {
  const find = (path: string) => places.get(resolve(folder, path))
  const fileFor = (path: string, { group }: Place) => {
    const to = relative(folder, resolve(folder, dirname(path), `${group}.js`))
    return to.startsWith('.') ? to : `./${to}`
  }
  return code
    .replaceAll(STATIC, (line, names: string | undefined, path: string) => {
      const place = find(path)
      if (!place) return line
      const renamed = names?.split(',').flatMap((one) => {
        const [from = '', to = from] = one.trim().split(/\s+as\s+/)
        return from ? [`${place.prefix}${from} as ${to}`] : []
      })
      return `import ${renamed ? `{ ${renamed.join(', ')} } from ` : ''}"${fileFor(path, place)}";`
    })
    .replaceAll(DYNAMIC, (call, path: string) => {
      const place = find(path)
      if (!place) return call
      const names = place.names.map((one) => `${one}: all.${place.prefix}${one}`)
      return `import("${fileFor(path, place)}").then((all) => ({ ${names.join(', ')} }))`
    })
}

function withText(file: Output, text: string): Output {
  return { path: file.path, hash: file.hash, text, contents: Buffer.from(text) }
}
