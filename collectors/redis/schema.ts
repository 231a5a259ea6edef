import { DatabaseConfig } from '../../core/contract/database-schema.ts'

/** `parameters` has no effect here. */
export const RedisConfig = DatabaseConfig
export type RedisConfig = DatabaseConfig
