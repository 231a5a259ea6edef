import { DatabaseConfig } from '../../core/contract/database-schema.ts'

/** `parameters` has no effect here. */
export const MssqlConfig = DatabaseConfig
export type MssqlConfig = DatabaseConfig
