import { DatabaseConfig } from '../../core/contract/databases/database-schema.ts'

/** `parameters` has no effect here. */
export const PostgresConfig = DatabaseConfig
export type PostgresConfig = DatabaseConfig
