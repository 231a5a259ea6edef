import { DATABASE_PERMISSIONS, databaseFile } from '../../core/contract/databases/database.ts'
import { CONTRACT, defineCollector } from '../../core/contract/index.ts'
import { askMssql } from './ask.ts'
import { MssqlConfig } from './schema.ts'

export default defineCollector<MssqlConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'mssql',
    version: '1.0.0',
    summary: 'whether a Microsoft SQL Server lets us in, and its version',
    specKey: 'mssql',
    permissions: DATABASE_PERMISSIONS,
    outputs: ['mssql'],
  },
  configSchema: MssqlConfig,
  collect: (context) => databaseFile(context, 'mssql', askMssql),
})
