declare const __VERSION__: string | undefined

/** The product's version: put in by the build; programs run from source have none. */
export const VERSION = typeof __VERSION__ === 'undefined' ? '0.0.0-source' : __VERSION__
