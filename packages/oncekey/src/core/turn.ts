import { type Clock, startTimer } from './clock.ts'
import type { Store } from './store.ts'

/**
 * How many claims of this process may be on their way to one store. Of more, none would get its reply in time: each
 * would wait for a socket behind all the others, and time out with its claim in doubt. Fewer than a client's sockets
 * (the AWS SDK has 50), so that runs can be completed meanwhile.
 */
const MAX_CLAIMS = 32

interface Queue {
  claims: number
  /** In the order in which they came. */
  readonly waiting: Set<() => void>
}

const queues = new WeakMap<Store, Queue>()

/** Waits for this claim's turn. Resolves to false if it has not come by `untilMs`, the clock's time. */
export function takeTurn(store: Store, clock: Clock, untilMs: number): boolean | Promise<boolean> {
  const queue = queueOf(store)
  if (queue.claims < MAX_CLAIMS) {
    queue.claims += 1
    return true
  }
  const { waiting } = queue
  return new Promise((resolve) => {
    const stopTimer = startTimer(clock, untilMs - clock.nowMs(), () => {
      waiting.delete(begin)
      resolve(false)
    })
    const begin = (): void => {
      stopTimer()
      resolve(true)
    }
    waiting.add(begin)
  })
}

/** Gives the turn to the claim that has waited longest. */
export function endTurn(store: Store): void {
  const queue = queueOf(store)
  const [next] = queue.waiting
  if (next === undefined) {
    queue.claims -= 1
    return
  }
  queue.waiting.delete(next)
  next()
}

function queueOf(store: Store): Queue {
  const queue = queues.get(store) ?? { claims: 0, waiting: new Set() }
  queues.set(store, queue)
  return queue
}
