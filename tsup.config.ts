import { readdirSync } from 'node:fs'
import { defineConfig } from 'tsup'
import { onTop, withoutImports } from './tools/built-in-modules.ts'
import { writeManifests } from './tools/manifests.ts'

const plugins = ['collectors', 'uploaders'].flatMap((kind) =>
  readdirSync(kind, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => [`lib/${kind}/${entry.name}/index`, `${kind}/${entry.name}/index.ts`] as const),
)

/** Some bundled CommonJS packages call require() for built-in modules; an ES module has none of its own. */
const requiring = (code: string) =>
  /\brequire\b/.test(code) ? onTop(code, 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);\n') : code

// One build graph for everything, so that what the programs and the built-in plug-ins share stands in shared chunks, once.
export default defineConfig({
  entry: {
    'kubectl-support_bundle_schedule': 'plugin/main.ts',
    'lib/agent': 'agent/main.ts',
    'lib/task': 'agent/task/main.ts',
    ...Object.fromEntries(plugins),
  },
  format: 'esm',
  platform: 'node',
  target: 'node22',
  outDir: 'dist',
  clean: true,
  splitting: true,
  treeshake: false,
  sourcemap: false,
  minify: false,
  dts: false,
  silent: true,
  noExternal: [/.*/],
  define: { __VERSION__: JSON.stringify(process.env['npm_package_version'] ?? '0.0.0') },
  esbuildPlugins: [
    {
      // It says nothing of side effects and has none: without this, one class of it brings along 17 MB of models.
      name: 'client-node-is-pure',
      setup(build) {
        build.onResolve({ filter: /./ }, async (args) => {
          const isIts = args.path.startsWith('@kubernetes/client-node') || args.importer.includes('@kubernetes/client-node')
          if (!isIts || args.pluginData === 'resolved') return undefined
          const { importer, resolveDir, kind } = args
          const found = await build.resolve(args.path, { importer, resolveDir, kind, pluginData: 'resolved' })
          return { ...found, sideEffects: false }
        })
      },
    },
  ],
  esbuildOptions(options) {
    options.chunkNames = 'lib/chunks/[name]-[hash]'
    options.legalComments = 'none'
  },
  plugins: [
    {
      name: 'built-in-modules',
      renderChunk: (code, { path }) => (path.endsWith('.js') ? { code: requiring(withoutImports(code)) } : undefined),
    },
  ],
  onSuccess: () => writeManifests('dist/lib'),
})
