/** What authors of collectors and uploaders import. See README.md in this folder. */
export * from './plugin.ts'
export * from './collector.ts'
export * from './uploader.ts'
export * from './manifest.ts'
export * from './outputs.ts'
export * from './host-source.ts'
