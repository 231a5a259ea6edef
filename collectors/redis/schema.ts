import { DatabaseConfig } from '../../core/contract/databases/database-schema.ts'

/** `parameters` has no effect here. */
export const RedisConfig = DatabaseConfig
export type RedisConfig = DatabaseConfig
