import type { FromTask } from '../core/task.ts'
import type { CliEdge } from './cli-edge.ts'
import { safe } from './output/text.ts'

/** One line of progress on stderr: drawn in place on a terminal, only what is worth keeping elsewhere. */
export interface Progress {
  show(text: string): void
  /** clears the line */
  end(): void
}

export function createProgress(edge: Pick<CliEdge, 'err' | 'isTty'>): Progress {
  let last = ''
  return {
    show(text) {
      if (text === last) return
      last = text
      edge.err(edge.isTty ? `\r\u001b[2K${safe(text).slice(0, 100)}` : `${safe(text)}\n`)
    },
    end() {
      if (edge.isTty && last) edge.err('\r\u001b[2K')
      last = ''
    },
  }
}

/** What a task's messages look like as progress. */
export function taskProgress(progress: Progress): (message: FromTask) => void {
  return (message) => {
    if (message.type === 'step') progress.show(`${message.name} …`)
  }
}
