import { DatabaseConfig } from '../../core/contract/database-schema.ts'

/** `parameters` has no effect here. */
export const PostgresConfig = DatabaseConfig
export type PostgresConfig = DatabaseConfig
