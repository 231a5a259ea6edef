import { DATABASE_PERMISSIONS, databaseFile } from '../../core/contract/databases/database.ts'
import { CONTRACT, defineCollector } from '../../core/contract/index.ts'
import { askPostgres } from './ask.ts'
import { PostgresConfig } from './schema.ts'

export default defineCollector<PostgresConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'postgres',
    version: '1.0.0',
    summary: 'whether a PostgreSQL server lets us in, and its version',
    specKey: 'postgres',
    permissions: DATABASE_PERMISSIONS,
    outputs: ['postgres'],
  },
  configSchema: PostgresConfig,
  collect: (context) => databaseFile(context, 'postgres', askPostgres),
})
