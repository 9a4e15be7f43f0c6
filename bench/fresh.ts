import { appendFileSync, readFileSync } from 'node:fs'

/** A sandbox's life, from loading the function on: node fresh.js <function> <events> [<cgroup.procs>] */
const [, , file = '', eventsFile = '', cgroup] = process.argv
const events: unknown[] = JSON.parse(readFileSync(eventsFile, 'utf8'))
const deadlineMs = Date.now() + 600_000
const context = { functionName: 'payments', getRemainingTimeInMillis: () => deadlineMs - Date.now() }

interface Mark {
  readonly wallMs: number
  readonly cpuMs: number
}
function mark(): Mark {
  const { user, system } = process.cpuUsage()
  return { wallMs: performance.now(), cpuMs: (user + system) / 1_000 }
}
const since = (from: Mark, to: Mark): Mark => ({
  wallMs: to.wallMs - from.wallMs,
  cpuMs: to.cpuMs - from.cpuMs,
})

const began = mark()
const { handler } = await import(file)
const loaded = mark()
// From here on the function has the CPU that it is billed for.
if (cgroup !== undefined) appendFileSync(cgroup, `${process.pid}`)
const invoked = mark()
await handler(events[0], context)
const answered = mark()
for (const event of events.slice(1, 11)) await handler(event, context)
const next = mark()
for (const event of events.slice(11)) await handler(event, context)
const all = mark()

console.log(
  JSON.stringify({
    init: since(began, loaded),
    first: since(invoked, answered),
    next: since(answered, next),
    all: since(invoked, all),
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
  }),
)
