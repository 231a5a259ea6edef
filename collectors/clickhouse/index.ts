import { DATABASE_PERMISSIONS, databaseFile } from '../../core/contract/databases/database.ts'
import { CONTRACT, defineCollector } from '../../core/contract/index.ts'
import { askClickhouse } from './ask.ts'
import { ClickhouseConfig } from './schema.ts'

export default defineCollector<ClickhouseConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'clickhouse',
    version: '1.0.0',
    summary: 'whether a ClickHouse server lets us in, and its version',
    specKey: 'clickhouse',
    permissions: DATABASE_PERMISSIONS,
    outputs: ['clickhouse'],
  },
  configSchema: ClickhouseConfig,
  collect: (context) => databaseFile(context, 'clickhouse', (database) => askClickhouse(database, context.http)),
})
