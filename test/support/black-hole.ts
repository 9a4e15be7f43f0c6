import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'

const OWNER = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

/** How many connections the queue takes for a backlog of 1. */
const QUEUE = 2

/** Opens a port whose queue is full and that nobody empties: whoever else knocks gets no answer at all. */
export async function openBlackHole(): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const worker = new Worker(OWNER, { eval: true })
  const [port] = await once(worker, 'message')
  const fillers = Array.from({ length: QUEUE }, () => connect(port, '127.0.0.1'))
  await Promise.all(fillers.map((filler) => once(filler, 'connect')))
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy()
      await worker.terminate()
    },
  }
}
