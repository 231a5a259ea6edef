import { DatabaseConfig } from '../../core/contract/databases/database-schema.ts'

/** `parameters` are names of server variables. */
export const MysqlConfig = DatabaseConfig
export type MysqlConfig = DatabaseConfig
