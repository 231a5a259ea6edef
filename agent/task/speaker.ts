import type { Clock } from '../../core/clock.ts'
import { encodeMessage, type FromTask } from '../../core/task.ts'

/** So long after the first one, the last output of that time is said. */
const HOLD_MS = 250

/**
 * Says messages to the parent, in their order. Of outputs only the last one now and then, as a sign of life: a bundle has
 * thousands of them, and each write wakes the parent. All others go out at once, since the process may not live to say them later.
 */
export function createSpeaker(write: (text: string) => void, clock: Clock): (message: FromTask) => void {
  let held: FromTask | undefined
  let isWaiting = false
  const later = () => {
    isWaiting = false
    if (held) write(encodeMessage(held))
    held = undefined
  }
  return (message) => {
    if (message.type !== 'output') {
      write((held ? encodeMessage(held) : '') + encodeMessage(message))
      held = undefined
      return
    }
    held = message
    if (isWaiting) return
    isWaiting = true
    clock.sleep(HOLD_MS).then(later, later)
  }
}
