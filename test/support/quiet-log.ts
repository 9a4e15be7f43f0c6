// Most tests of failures are not about what is logged by default, and would bury the report of the run under it.

const LOGGED = /^\{"timestamp":"[^"]+","level":"(?:WARN|ERROR)",/
const write = process.stderr.write.bind(process.stderr)

process.stderr.write = (chunk, ...rest) =>
  typeof chunk === 'string' && LOGGED.test(chunk) ? true : Reflect.apply(write, undefined, [chunk, ...rest])
