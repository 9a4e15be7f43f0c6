import { createClient } from '@redis/client'
import { redisStore } from 'oncekey/redis'
import { createService } from './service.ts'

const client = createClient({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' })
await client.connect()
createService(redisStore(client)).listen(8080, '127.0.0.1')
