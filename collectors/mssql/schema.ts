import { DatabaseConfig } from '../../core/contract/databases/database-schema.ts'

/** `parameters` has no effect here. */
export const MssqlConfig = DatabaseConfig
export type MssqlConfig = DatabaseConfig
