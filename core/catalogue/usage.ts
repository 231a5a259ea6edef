import { type Entry, OF } from './entry.ts'

/** The command line. */
export const USAGE = {
  USAGE_COMMAND_UNKNOWN: {
    ...OF.usage,
    message: 'unknown command "{command}"{hint}',
    remedy: 'run "{program} --help" for the list of commands',
  },
  USAGE_FLAG_UNKNOWN: {
    ...OF.usage,
    message: 'unknown flag "{flag}" for "{command}"{hint}',
    remedy: 'run "{program} {command} --help" for its flags',
  },
  USAGE_FLAG_VALUE: {
    ...OF.usage,
    message: 'flag "{flag}" {reason}',
    remedy: 'run "{program} {command} --help" for what it takes',
  },
  USAGE_ARGUMENTS: { ...OF.usage, message: '"{command}" {reason}', remedy: 'usage: {usage}' },
  NODE_TOO_OLD: { ...OF.usage, message: 'Node.js {version} is too old', remedy: 'install Node.js {wanted} or newer' },
  CONFIRMATION_NEEDED: { ...OF.usage, message: '{action} cannot be undone', remedy: 'add --yes to go on' },
} as const satisfies Record<string, Entry>
