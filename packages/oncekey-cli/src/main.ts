#!/usr/bin/env node
import { run } from './program.ts'

// `oncekey list | head`: a reader that closes the pipe early is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})
process.exitCode = await run(process.argv)
