import { runOnce } from 'oncekey'

await runOnce('claims', { service: 'billing', name: 'charge', key: 'order-1' }, () => 1).catch((error) => {
  console.log(error.code, error.retryable, error.message)
})
