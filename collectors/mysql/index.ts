import { DATABASE_PERMISSIONS, databaseFile } from '../../core/contract/databases/database.ts'
import { CONTRACT, defineCollector } from '../../core/contract/index.ts'
import { askMysql } from './ask.ts'
import { MysqlConfig } from './schema.ts'

export default defineCollector<MysqlConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'mysql',
    version: '1.0.0',
    summary: 'whether a MySQL or MariaDB server lets us in, its version, and variables that are asked for',
    specKey: 'mysql',
    permissions: DATABASE_PERMISSIONS,
    outputs: ['mysql'],
  },
  configSchema: MysqlConfig,
  collect: (context) => databaseFile(context, 'mysql', askMysql),
})
