/** How much a run looks for by itself, from little to all; each has what the one before it has. */
export const AUTO_PROFILES = ['minimal', 'standard', 'comprehensive', 'paranoid'] as const
export type AutoProfile = (typeof AUTO_PROFILES)[number]
/** What `true` and a bare `--auto` stand for. */
export const DEFAULT_AUTO: AutoProfile = 'standard'
