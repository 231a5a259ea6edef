import type { ArgsDef } from 'citty'
import type { Verb } from './verb.ts'

export interface VerbEntry {
  summary: string
  load(): Promise<Verb<ArgsDef>>
  aliases: readonly string[]
}

const verb = (summary: string, load: () => Promise<{ default: unknown }>, ...aliases: string[]): VerbEntry => ({
  summary,
  load: async () => (await load()).default as Verb<ArgsDef>,
  aliases,
})

/** All verbs. Each stands in a file of its own, loaded only when it is called. */
export const VERBS: Readonly<Record<string, VerbEntry>> = {
  create: verb('Create a job', () => import('./commands/create.ts')),
  list: verb('List jobs', () => import('./commands/list.ts'), 'get', 'ls'),
  status: verb('Show a job: next slots, last runs, conditions', () => import('./commands/status.ts'), 'describe'),
  enable: verb('Let a disabled job run again', () => import('./commands/enable.ts'), 'resume'),
  disable: verb('Keep a job from running', () => import('./commands/disable.ts'), 'suspend'),
  delete: verb('Delete a job; its bundles stay', () => import('./commands/delete.ts')),
  run: verb('Run a job now', () => import('./commands/run.ts')),
  history: verb('Show how the slots and runs of a job ended', () => import('./commands/history.ts')),
  download: verb('Get the bundle of a run', () => import('./commands/download.ts')),
  collect: verb('Collect a bundle now, without a job', () => import('./commands/collect.ts')),
  analyze: verb('Judge a bundle that was collected', () => import('./commands/analyze.ts')),
  redact: verb('Make a copy of a bundle without secrets', () => import('./commands/redact.ts')),
  validate: verb('Check jobs and specs without running them', () => import('./commands/validate.ts')),
  'daemon start': verb('Start the scheduler on this computer', () => import('./commands/daemon-start.ts')),
  'daemon stop': verb('Stop it; runs at work may end first', () => import('./commands/daemon-stop.ts')),
  'daemon restart': verb('Stop and start it', () => import('./commands/daemon-restart.ts')),
  'daemon reload': verb('Make it read its config again', () => import('./commands/daemon-reload.ts')),
  'daemon status': verb('Show whether it runs, and what it does', () => import('./commands/daemon-status.ts')),
  install: verb('Put the agent into the cluster', () => import('./commands/install.ts')),
  'install namespace': verb('Opt a namespace in', () => import('./commands/install-namespace.ts')),
  upgrade: verb('Bring an installed agent to this version', () => import('./commands/upgrade.ts')),
  uninstall: verb('Take the agent out of the cluster', () => import('./commands/uninstall.ts')),
  'uninstall namespace': verb('Opt a namespace out', () => import('./commands/uninstall-namespace.ts')),
  doctor: verb('Look for what keeps jobs from being run', () => import('./commands/doctor.ts')),
  'rbac plan': verb('Print the rights that a job lacks', () => import('./commands/rbac-plan.ts')),
  version: verb('Show the version', () => import('./commands/version.ts')),
}

/** The verbs behind one word: `daemon start` and its like for `daemon`. */
export const verbsOfGroup = (word: string): string[] => Object.keys(VERBS).filter((name) => name.startsWith(`${word} `))
