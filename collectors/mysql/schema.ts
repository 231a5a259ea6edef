import { DatabaseConfig } from '../../core/contract/database-schema.ts'

/** `parameters` are names of server variables. */
export const MysqlConfig = DatabaseConfig
export type MysqlConfig = DatabaseConfig
