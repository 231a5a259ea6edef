import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import pino, { type Logger as Pino } from 'pino'
import { systemClock } from '../core/clock.ts'
import type { Logger } from '../core/contract/index.ts'
import { asProblem, fail, reasonOf } from '../core/errors.ts'
import { KubeClient } from '../core/kube/client.ts'
import { nodeKubeWorld } from '../core/kube/node-world.ts'
import { durationMs, sizeBytes } from '../core/quantity.ts'
import { createFileStore } from '../core/store/file-store.ts'
import { createProcessTable } from '../core/store/process-table.ts'
import { localTokenKey } from '../core/store/token-key.ts'
import { VERSION } from '../core/version.ts'
import type { AgentEdge } from './agent.ts'
import type { AgentArgs } from './args.ts'
import { AgentConfig, readConfig, showConfigIssues } from './config.ts'
import { agentFolders } from './folders.ts'
import { localOutside } from './outside-local.ts'
import { type LogFile, openLogFile } from './log-file.ts'
import { createTaskStarter } from './task-process.ts'

/** What main.ts hands in of its process. */
export interface ProcessEdge {
  pid: number
  execPath: string
  taskScript: string
  env: Readonly<Record<string, string | undefined>>
  homeFolder: string
  kill: (pid: number, signal: NodeJS.Signals | 0) => unknown
  memoryUsage: () => number
  cpuUsage: () => { user: number; system: number }
  writeStdout: (line: string) => void
  /** told what nobody caught: nothing that a job does may end the agent */
  onUncaught: (listener: (error: unknown) => void) => void
}

/** The config file with what the command line overrides. Throws CONFIG_INVALID. */
export function loadConfig(args: AgentArgs): { config: AgentConfig; file: string } {
  const file = args.config ?? join(args.folder, 'config', 'scheduler.yaml')
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    // Without a file all defaults hold; one that was named must be there.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || args.config !== undefined)
      throw fail('CONFIG_INVALID', { file, issues: reasonOf(error) }, error)
  }
  const config = readConfig(text, file)
  const overrides = {
    ...(args.logLevel === undefined ? {} : { logLevel: args.logLevel }),
    ...(args.logFile === undefined ? {} : { logFile: args.logFile }),
    ...(args.checkInterval === undefined ? {} : { checkInterval: args.checkInterval }),
    ...(args.maxConcurrent === undefined ? {} : { defaultMaxConcurrent: Number(args.maxConcurrent) }),
  }
  const parsed = AgentConfig.safeParse({ ...config, ...overrides })
  if (!parsed.success) throw fail('CONFIG_INVALID', { file: 'the command line', issues: showConfigIssues(parsed.error) })
  return { config: parsed.data, file }
}

/** The identity of the agent's pod or node is not the jobs' to use. */
const NO_AMBIENT_IDENTITY = { AWS_EC2_METADATA_DISABLED: 'true' }

/** On one computer uploaders may use what their user has set up: profiles and keys of clouds, and where their files are. */
const cloudEnv = (env: ProcessEdge['env']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => /^(AWS_.*|HOME)$/.test(pair[0]) && pair[1] !== undefined),
  )

/** What agents of both kinds take from their process: config, log, clock, randomness, a way to start tasks. */
export function commonEdge(args: AgentArgs, edge: ProcessEdge) {
  const { config, file } = loadConfig(args)
  const clock = systemClock
  const logPath = isAbsolute(config.logFile) ? config.logFile : join(args.folder, config.logFile)
  const limits = { maxBytes: sizeBytes(config.logRotateSize), maxAgeMs: durationMs(config.logRotateAge) }
  const sink = args.isBackground ? openLog(logPath, limits, file) : { write: edge.writeStdout }
  const root: Pino = pino(
    { level: config.logLevel, base: { component: 'agent' }, timestamp: pino.stdTimeFunctions.isoTime },
    sink,
  )
  edge.onUncaught((error) =>
    root.error({ problem: asProblem(error), stack: error instanceof Error ? error.stack : undefined }, 'uncaught'),
  )
  const targetEnv = args.cluster ? NO_AMBIENT_IDENTITY : cloudEnv(edge.env)
  return {
    clock,
    config,
    targetEnv,
    configFile: file,
    log: loggerOf(root),
    version: VERSION,
    processes: createProcessTable({ pid: edge.pid, kill: edge.kill, readFile: (path) => readFileSync(path, 'utf8') }),
    tasks: createTaskStarter(
      {
        execPath: edge.execPath,
        script: edge.taskScript,
        path: edge.env['PATH'],
        kill: edge.kill,
        targetEnv,
      },
      clock,
    ),
    kubeWorld: nodeKubeWorld({ env: edge.env, homeFolder: edge.homeFolder, clock, interactive: false }),
    random: () => randomBytes(4).readUInt32BE() / 2 ** 32,
    usage: () => ({
      residentBytes: edge.memoryUsage(),
      cpuSeconds: (({ user, system }) => (user + system) / 1e6)(edge.cpuUsage()),
    }),
    setLogLevel: (level: string) => void (root.level = level),
  }
}

/** Everything an agent on this computer needs, from its arguments and its process. */
export function localAgent(args: AgentArgs, edge: ProcessEdge): AgentEdge & { setLogLevel(level: string): void } {
  const common = commonEdge(args, edge)
  const { clock, config, log, processes } = common
  return {
    ...common,
    folders: agentFolders(args.folder),
    store: createFileStore({
      folder: args.folder,
      clock,
      newUid: randomUUID,
      processes,
      backup: config.storageConfig.backupEnabled,
      onProblem: (problem) => log.error({ problem }, 'store file mended'),
    }),
    outside: localOutside(
      common.kubeWorld,
      (connection) =>
        new KubeClient(connection, { clock, random: common.random, userAgent: `support-bundle-schedule-agent/${VERSION}` }),
      () =>
        localTokenKey(args.folder, randomBytes).catch((error: unknown) => {
          log.warn({ reason: reasonOf(error) }, 'redaction without tokens')
          return undefined
        }),
    ),
    newToken: () => randomBytes(32).toString('base64url'),
  }
}

function openLog(path: string, limits: { maxBytes: number; maxAgeMs: number }, configFile: string): LogFile {
  try {
    return openLogFile(path, limits, systemClock)
  } catch (error) {
    throw fail('CONFIG_INVALID', { file: configFile, issues: `logFile: ${reasonOf(error)}` }, error)
  }
}

const loggerOf = (root: Pino): Logger => ({
  debug: (fields, message) => root.debug(fields, message),
  info: (fields, message) => root.info(fields, message),
  warn: (fields, message) => root.warn(fields, message),
  error: (fields, message) => root.error(fields, message),
})
