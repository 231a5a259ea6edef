import { DatabaseConfig } from '../../core/contract/databases/database-schema.ts'

/** `parameters` has no effect here. */
export const ClickhouseConfig = DatabaseConfig
export type ClickhouseConfig = DatabaseConfig
