import { readdirSync } from 'node:fs'
import { defineConfig } from 'tsup'
import { writeManifests } from './tools/manifests.ts'

const plugins = ['collectors', 'uploaders'].flatMap((kind) =>
  readdirSync(kind, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => [`lib/${kind}/${entry.name}/index`, `${kind}/${entry.name}/index.ts`] as const),
)

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
  // Some bundled CommonJS packages call require() for node: built-ins; an ES module has none of its own.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  esbuildOptions(options) {
    options.chunkNames = 'lib/chunks/[name]-[hash]'
    options.legalComments = 'none'
  },
  onSuccess: () => writeManifests('dist/lib'),
})
