import { DATABASE_PERMISSIONS, databaseFile } from '../../core/contract/databases/database.ts'
import { CONTRACT, defineCollector } from '../../core/contract/index.ts'
import { askRedis } from './ask.ts'
import { RedisConfig } from './schema.ts'

export default defineCollector<RedisConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'redis',
    version: '1.0.0',
    summary: 'whether a Redis server lets us in, and its version',
    specKey: 'redis',
    permissions: DATABASE_PERMISSIONS,
    outputs: ['redis'],
  },
  configSchema: RedisConfig,
  collect: (context) => databaseFile(context, 'redis', askRedis),
})
